// While events are followed, the sweep of many lists is spread over its interval, the most doubtful lists first.

#include <nlohmann/json.hpp>

#include "model/streams.hpp"
#include "sync/sweep_pace.hpp"
#include "tests/catch.hpp"
#include "tests/harness/stepped_mirror.hpp"
#include "tests/support/manual_clock.hpp"

namespace mirror::tests {
namespace {

using harness::MirrorFixture;
using harness::SteppedMirror;
using simulator::Json;
using simulator::Kind;
using simulator::World;

std::vector<std::string> order_of_lists(SteppedMirror& daemon) {
  std::vector<std::string> ids;
  daemon.session().writer.run(
      [&](sync::WriteSession& write) {
        for (const auto& scope :
             write.tables.walks.scopes_to_walk(write.transaction, "organizations", "organization_memberships", 9'999)) {
          ids.push_back(scope.id);
        }
      },
      {});
  return ids;
}

}  // namespace

TEST_CASE("lists about which events told something are read first, then those that were never read or longest ago") {
  MirrorFixture mirror({.directory = {.organizations = 4, .users = 20, .memberships = 30}});
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  daemon.catch_up();
  auto lists = order_of_lists(daemon);
  REQUIRE(lists.size() == 4);
  const auto read_at = [&](const std::string& list, const char* when) {
    mirror.database.execute("UPDATE workos.walks SET certified_at = '" + std::string(when) + "' WHERE scope = '" +
                            list + "'");
  };
  read_at(lists[0], "2026-01-03");
  read_at(lists[1], "2026-01-01");
  mirror.database.execute("UPDATE workos.walks SET certified_at = NULL WHERE scope = '" + lists[2] + "'");
  read_at(lists[3], "2026-01-04");
  CHECK(order_of_lists(daemon) == std::vector<std::string>{lists[2], lists[1], lists[0], lists[3]});

  mirror.workos.with([&](World& world) {
    const auto& member = world.store.memberships_of_organization(lists[3]).begin()->second;
    world.store.update(Kind::organization_memberships, member->id, Json{{"status", "inactive"}});
  });
  daemon.catch_up();
  CHECK(order_of_lists(daemon) == std::vector<std::string>{lists[3], lists[2], lists[1], lists[0]});
}

TEST_CASE("the lists of a leisurely sweep are spread evenly") {
  ManualClock clock{ManualClock::Waits::are_skipped};
  int signs_of_life = 0;
  sync::SweepPace pace(clock, [&] { ++signs_of_life; });
  pace.spread_over(std::chrono::minutes{40});
  const auto began = clock.now();
  pace.begin(4);
  for (std::size_t list = 0; list < 4; ++list) {
    CHECK(pace.wait_turn(list, {}));
    CHECK(clock.now() - began == std::chrono::minutes{10} * list);
  }
  CHECK(signs_of_life > 100);
  pace.begin(4);
  pace.hurry();
  const auto hurried = clock.now();
  CHECK(pace.wait_turn(3, {}));
  CHECK(clock.now() == hurried);
}

}  // namespace mirror::tests
