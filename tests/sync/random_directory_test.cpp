// Random directories with random lives: after each sync the mirror equals the truth. The seed is part of each failure.
// AUTHKIT_MIRROR_TEST_SEEDS says how many are tried, should a few not be enough.

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/catch.hpp"
#include "tests/sync/scene.hpp"

using namespace mirror;
using namespace mirror::tests;
using harness::MirrorFixture;
using simulator::all_kinds;
using simulator::Json;
using simulator::Kind;
using simulator::Store;

namespace {

/// Objects that were deleted, to come back later under their old ids.
using Graveyard = std::vector<std::pair<Kind, Json>>;

class RandomLife {
 public:
  RandomLife(Store& store, std::mt19937_64& random, Graveyard& graveyard)
      : store_(store), random_(random), changes_(store, random()), graveyard_(graveyard) {}

  void go_on() {
    bring_back();
    for (const auto kind : all_kinds) {
      changes_.create(kind, below(4));
      changes_.update(kind, below(12));
      tie(kind);
      erase(kind);
    }
    changes_.sign_in(below(20));
    change_domains();
  }

 private:
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  std::string any(Kind kind) {
    const auto& order = store_.table(kind).order();
    auto found = order.begin();
    std::advance(found, static_cast<std::ptrdiff_t>(below(order.size())));
    return found->second->id;
  }

  /// Never the last one: an empty list where the mirror has rows is no evidence, even if it is true.
  void erase(Kind kind) {
    for (auto count = below(kind == Kind::organizations ? 2 : 6); count > 0 && store_.size(kind) > 1; --count) {
      const auto id = any(kind);
      graveyard_.emplace_back(kind, store_.object(kind, id));
      store_.erase(kind, id);
    }
  }

  void bring_back() {
    for (const auto& [kind, object] : graveyard_) {
      if (below(2) == 0 && store_.find(kind, object["id"].get<std::string>()) == nullptr) store_.create(kind, object);
    }
    graveyard_.clear();
  }

  /// Gives a run of neighbours one created_at, as an import would; some of it lies on a page's edge.
  void tie(Kind kind) {
    const auto& order = store_.table(kind).order();
    if (order.size() < 10 || below(2) == 0) return;
    std::vector<std::string> ids;
    for (const auto& [position, record] : order) ids.push_back(record->id);
    const auto first = below(2) == 0 && ids.size() > 104 ? 97 : below(ids.size() - 6);
    const auto created_at = store_.object(kind, ids[first])["created_at"];
    for (std::size_t i = first; i < first + 6; ++i) {
      store_.update(kind, ids[i], {{"created_at", created_at}}, {.event = false, .touch = below(2) == 0});
    }
  }

  void change_domains() {
    if (store_.size(Kind::organizations) == 0) return;
    const auto id = any(Kind::organizations);
    Json domains = Json::array();
    if (below(2) == 0) domains = store_.object(Kind::organizations, id)["domains"];
    if (below(2) == 0) store_.update(Kind::organizations, id, {{"domains", domains}});
  }

  Store& store_;
  std::mt19937_64& random_;
  simulator::Changes changes_;
  Graveyard& graveyard_;
};

simulator::SeedOptions random_directory(std::mt19937_64& random) {
  const auto up_to = [&](std::size_t limit) { return static_cast<std::size_t>(random() % (limit + 1)); };
  simulator::SeedOptions directory;
  directory.organizations = up_to(8);
  directory.users = up_to(260);
  directory.memberships = up_to(400);
  directory.invitations = up_to(230);
  directory.seed = random();
  return directory;
}

}  // namespace

TEST_CASE("after every sync of a directory that lives a random life the mirror equals the truth") {
  const char* wanted = std::getenv("AUTHKIT_MIRROR_TEST_SEEDS");
  const std::uint64_t seeds = wanted != nullptr ? std::stoull(wanted) : 10;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    std::mt19937_64 random(seed);
    Scene scene(random_directory(random));
    scene.mirror.options.brake = {.max_count = 1'000'000, .min_count = 1'000'000};
    Graveyard graveyard;
    for (int round = 0; round < 3; ++round) {
      CAPTURE(seed, round);
      const auto results = scene.sync();
      for (const auto& result : results) {
        CAPTURE(result.stream, why_not(result));
        REQUIRE(result.is_certified());
      }
      REQUIRE(scene.mirror.differences() == std::vector<std::string>{});
      REQUIRE(scene.wrongly_dead() == std::vector<std::string>{});
      scene.with_store([&](Store& store) { RandomLife(store, random, graveyard).go_on(); });
    }
  }
}
