#include "model/streams.hpp"
#include "sync/environment_guard.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/harness/wait_until.hpp"
#include "tests/sync/hold_fixture.hpp"

using namespace mirror;
using namespace mirror::harness;
using simulator::Kind;
using simulator::Simulator;
using simulator::World;

namespace {

simulator::SimulatorOptions directory(std::uint64_t seed) {
  return {.directory = {.organizations = 12, .users = 40, .memberships = 50, .invitations = 12, .seed = seed}};
}

/// Every mirrored row with the transaction that wrote it, and all that speaks about passes.
std::vector<std::vector<std::string>> everything(TestDatabase& database) {
  std::vector<std::vector<std::string>> all;
  for (const std::string table :
       {"organizations", "organization_domains", "users", "organization_memberships", "invitations", "changes",
        "snapshots", "streams", "walks", "holds", "hold_items", "candidates", "quarantine"}) {
    for (auto& row :
         database.rows("SELECT '" + table + "', xmin, t.* FROM workos." + table + " AS t ORDER BY 3, 4, 5")) {
      all.push_back(std::move(row));
    }
  }
  return all;
}

/// A mirror of one environment, and another environment with its key.
struct TwoEnvironments : HoldFixture {
  TwoEnvironments() : HoldFixture(directory(1), {.max_count = 5}), other(directory(2)) { other.start(); }

  void use_the_other_key() {
    api_options.base_url = other.url();
    api_options.key = Secret(other.options().api_key);
  }

  Simulator other;
};

void check_refusal(const Error& error) {
  CHECK(error.fault() == Fault::misconfigured);
  CHECK_THAT(error.what(), ContainsSubstring("the API key belongs to another WorkOS environment"));
  CHECK_THAT(error.what(), ContainsSubstring("Nothing was written"));
  CHECK_THAT(error.next_step(), ContainsSubstring("database.schema"));
}

/// The newest and the oldest objects: those that the guard asks for first.
void erase_ends(World& world, Kind kind, std::size_t each) {
  std::vector<std::string> ids;
  const auto& order = world.store.table(kind).order();
  auto first = order.begin();
  auto last = order.rbegin();
  for (std::size_t i = 0; i < each; ++i, ++first, ++last) {
    ids.push_back(first->second->id);
    ids.push_back(last->second->id);
  }
  for (const auto& id : ids) world.store.erase(kind, id);
}

}  // namespace

TEST_CASE("the key of another environment changes nothing and says why") {
  TwoEnvironments mirror;
  const auto before = everything(mirror.database);
  mirror.use_the_other_key();

  check_refusal(caught_error([&] { mirror.sync(); }));
  EngineProcess daemon(mirror);
  daemon.start();
  REQUIRE(wait_until([&] { return daemon.has_ended(); }));
  daemon.stop();
  check_refusal(*daemon.failure());

  CHECK(everything(mirror.database) == before);
}

TEST_CASE("a hold is not approved with the key of another environment, where every id is unknown") {
  TwoEnvironments mirror;
  mirror.erase(Kind::users, 6);
  mirror.sync();
  const auto before = everything(mirror.database);
  const auto holds = mirror.open_holds();
  REQUIRE_FALSE(holds.empty());
  mirror.use_the_other_key();
  for (const auto& hold : holds) check_refusal(caught_error([&] { mirror.approve(hold.id); }));
  CHECK(everything(mirror.database) == before);
}

TEST_CASE("an empty mirror takes any environment") {
  MirrorFixture mirror(directory(GENERATE(1U, 2U)));
  CHECK(MirrorFixture::all_certified(mirror.sync()));
}

TEST_CASE("an environment is recognised although many of its objects were deleted") {
  TwoEnvironments mirror;
  mirror.options.brake.min_count = 100;  // the brake is not what is tested here
  mirror.options.brake.max_count = 100;
  SECTION("all sampled objects of one table") {
    mirror.workos.with([](World& world) { erase_ends(world, Kind::organizations, 3); });
  }
  SECTION("all sampled objects of all tables but one") {
    mirror.workos.with([](World& world) {
      for (const auto kind : {Kind::organizations, Kind::users, Kind::organization_memberships})
        erase_ends(world, kind, 3);
    });
  }
  CHECK(MirrorFixture::all_certified(mirror.sync()));
  CHECK(mirror.differences().empty());
}

TEST_CASE("an environment is recognised by a key that may not read every table") {
  TwoEnvironments mirror;
  mirror.workos.arm({.name = "403-one-list", .target = "organizations"});
  const auto results = mirror.sync();
  CHECK(MirrorFixture::of(results, "organizations").fault == Fault::refused);
  CHECK(MirrorFixture::of(results, "users").is_certified());
}

TEST_CASE("a key that may read nothing of what the mirror holds writes nothing") {
  TwoEnvironments mirror;
  const auto before = everything(mirror.database);
  mirror.use_the_other_key();
  mirror.other.arm({.name = "403-one-list", .target = "organizations", .count = -1});
  mirror.other.arm({.name = "403-one-list", .target = "/user_management", .count = -1});
  const auto error = caught_error([&] { mirror.sync(); });
  CHECK(error.fault() == Fault::refused);
  CHECK_THAT(error.what(), ContainsSubstring("organizations"));
  CHECK_THAT(error.what(), ContainsSubstring("Nothing was written"));
  CHECK(!error.next_step().empty());
  CHECK(everything(mirror.database) == before);
}
