#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/catch.hpp"
#include "tests/sync/hold_fixture.hpp"

using namespace mirror;
using namespace mirror::harness;

namespace {

constexpr std::size_t invitations = 40;

/// 10 organizations with 7 members each; no default limit is in the way.
simulator::SimulatorOptions small_directory() {
  return {
      .directory = {.organizations = 10, .users = 60, .memberships_per_organization = 7, .invitations = invitations}};
}

struct Limit {
  const char* name;
  sync::BrakeOptions brake;
  std::size_t allowed;
};

}  // namespace

TEST_CASE("a sweep deletes as many rows as a limit says and holds one more") {
  const auto limit = GENERATE(Limit{"max_count", {.max_count = 5, .min_count = 20, .max_percent = 100}, 5},
                              Limit{"max_percent", {.max_count = 500, .min_count = 2, .max_percent = 10}, 4},
                              Limit{"min_count", {.max_count = 500, .min_count = 6, .max_percent = 5}, 6});
  const auto deletions = GENERATE_COPY(limit.allowed - 1, limit.allowed, limit.allowed + 1);
  CAPTURE(limit.name, deletions);
  HoldFixture mirror(small_directory(), limit.brake);

  mirror.erase(simulator::Kind::invitations, deletions);
  const auto results = mirror.sync();
  const auto& counts = MirrorFixture::of(results, "invitations").snapshot->counts;

  CHECK(MirrorFixture::all_certified(results));
  CHECK(counts.candidates == static_cast<long>(deletions));
  if (deletions <= limit.allowed) {
    CHECK(counts.deleted == static_cast<long>(deletions));
    CHECK(mirror.open_holds().empty());
    CHECK(mirror.differences().empty());
  } else {
    CHECK(counts.deleted == 0);
    CHECK(counts.held == static_cast<long>(deletions));
    CHECK(mirror.live("invitations") == invitations);
    REQUIRE(mirror.open_holds().size() == 1);
    const auto hold = mirror.open_holds()[0];
    CHECK(hold.stream == "invitations");
    CHECK(hold.deletions == static_cast<long>(deletions));
    CHECK(hold.live_rows == static_cast<long>(invitations));
    CHECK_THAT(hold.reason,
               ContainsSubstring(limit.name == std::string("max_count") ? "brake.max_count" : "brake.max_percent"));
  }
}

TEST_CASE("an organization whose memberships would cross the limit is held with them") {
  // Every organization has 7 members and 1 or more domains; one organization alone is below every limit.
  const auto [max_count, held] = GENERATE(std::pair{7L, false}, std::pair{6L, true});
  CAPTURE(max_count);
  HoldFixture mirror(small_directory(), {.max_count = max_count, .min_count = 20, .max_percent = 100});
  const auto before = mirror.live("organization_memberships");

  const auto gone = mirror.erase(simulator::Kind::organizations, 1).at(0);
  const auto results = mirror.sync();

  CHECK(MirrorFixture::of(results, "organizations").snapshot->counts.held == (held ? 1 : 0));
  if (!held) {
    CHECK(mirror.open_holds().empty());
    CHECK(mirror.differences().empty());
    CHECK(mirror.database.value("SELECT DISTINCT _deleted_by FROM workos.organization_memberships "
                                "WHERE organization_id = '" +
                                gone + "'") == "cascade");
    return;
  }
  CHECK(mirror.is_live("organizations", gone));
  CHECK(mirror.live("organization_memberships") == before);
  const auto holds = mirror.open_holds();
  const auto of_organizations =
      std::ranges::find_if(holds, [](const auto& hold) { return hold.stream == "organizations"; });
  REQUIRE(of_organizations != holds.end());
  CHECK(of_organizations->deletions == 1);
  CHECK(of_organizations->cascades >= 7);
  CHECK_THAT(of_organizations->reason, ContainsSubstring("organization_memberships would lose rows"));
}

TEST_CASE("the children of several organizations are counted together") {
  HoldFixture mirror(small_directory(), {.max_count = 13, .min_count = 20, .max_percent = 100});
  mirror.erase(simulator::Kind::organizations, 2);
  CHECK(MirrorFixture::of(mirror.sync(), "organizations").snapshot->counts.held == 2);
  CHECK(mirror.live("organizations") == 10);
  CHECK(mirror.live("organization_memberships") == 70);
}

TEST_CASE("a held stream holds nothing else back") {
  HoldFixture mirror(small_directory(), {.max_count = 5, .min_count = 20, .max_percent = 100});
  mirror.erase(simulator::Kind::invitations, 6);
  const auto user = mirror.workos.with([](simulator::World& world) {
    return world.store.create(simulator::Kind::users, {{"email", "new.person@people.example"}}).id;
  });
  const auto invitation = mirror.workos.with([](simulator::World& world) {
    return world.store.create(simulator::Kind::invitations, {{"email", "new.guest@guests.example"}}).id;
  });
  CHECK(MirrorFixture::all_certified(mirror.sync()));
  CHECK(mirror.is_live("users", user));
  CHECK(mirror.is_live("invitations", invitation));
  CHECK(mirror.open_holds().size() == 1);
}

TEST_CASE("without a certificate nothing is deleted and nothing is held") {
  HoldFixture mirror(small_directory(), {.max_count = 5, .min_count = 20, .max_percent = 100});
  mirror.erase(simulator::Kind::invitations, GENERATE(3U, 6U));
  mirror.workos.arm({.name = "empty-list", .target = "invitations", .count = -1});
  CHECK_FALSE(MirrorFixture::of(mirror.sync(), "invitations").is_certified());
  CHECK(mirror.workos.fired("empty-list") > 0);
  CHECK(mirror.live("invitations") == invitations);
  CHECK(mirror.open_holds().empty());
}

TEST_CASE("domains that organizations lost and those of organizations that are gone count together") {
  const bool held = GENERATE(false, true);
  CAPTURE(held);
  HoldFixture mirror({.directory = {.organizations = 10, .users = 5, .memberships = 0}},
                     {.max_count = 1'000, .min_count = 1'000, .max_percent = 100});
  const auto ids = mirror.workos.with([](simulator::World& world) {
    std::vector<std::string> some;
    for (const auto& [position, record] : world.store.table(simulator::Kind::organizations).order()) {
      if (some.size() < 4) some.push_back(record->id);
    }
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (i < 2) {
        world.store.update(simulator::Kind::organizations, some[i],
                           simulator::Json{{"domains", simulator::Json::array()}}, {.event = false});
      } else {
        world.store.erase(simulator::Kind::organizations, some[i], {.event = false});
      }
    }
    return some;
  });
  const auto dying = mirror.database.count(fmt::format(
      "SELECT count(*) FROM workos.organization_domains_live WHERE organization_id IN ('{}')", fmt::join(ids, "', '")));
  const auto before = mirror.live("organization_domains");
  mirror.options.brake.min_count = mirror.options.brake.max_count = dying - (held ? 1 : 0);
  mirror.sync();
  CHECK(mirror.live("organization_domains") == before - (held ? 0 : dying));
  CHECK(mirror.open_holds().size() == (held ? 2 : 0));
}
