#include <nlohmann/json.hpp>
#include <numeric>

#include "tests/catch.hpp"
#include "tests/harness/engine_process.hpp"
#include "tests/harness/wait_until.hpp"

using namespace mirror;
using namespace mirror::harness;
using simulator::World;

namespace {

/// 120 pages of users and 60 lists of memberships; each answer takes long enough for a test to step in.
simulator::SimulatorOptions large_directory() {
  return {.directory = {.organizations = 60, .users = 12'000, .memberships = 6'000, .invitations = 100},
          .latency = std::chrono::milliseconds(30)};
}

/// Pages of lists that the API served, proofs and probes included; a daemon's polls for events are no part of a load.
std::size_t pages_read(MirrorFixture& mirror) {
  return mirror.workos.with([](World& world) {
    const auto& pages = world.log.pages();
    return std::accumulate(pages.begin(), pages.end(), std::size_t{0}, [](std::size_t sum, const auto& list) {
      return sum + (list.first.starts_with("/events") ? 0 : list.second.reads);
    });
  });
}

std::size_t pages_of_an_undisturbed_load() {
  static const std::size_t pages = [] {
    MirrorFixture mirror(large_directory());
    mirror.options.parallel = 1;  // walks side by side read some pages twice, where they meet
    if (!MirrorFixture::all_certified(mirror.sync())) throw std::runtime_error("an undisturbed load failed");
    return pages_read(mirror);
  }();
  return pages;
}

/// As in progress as tests want it: users and organizations are stored in part, memberships too.
bool is_in_the_middle(MirrorFixture& mirror) {
  return wait_until([&] {
    return mirror.database.count("SELECT count(*) FROM workos.users") > 2'000 &&
           mirror.database.count("SELECT count(*) FROM workos.organization_memberships") > 500;
  });
}

bool is_complete(MirrorFixture& mirror) {
  return wait_until(
      [&] { return mirror.database.count("SELECT count(*) FROM workos.snapshots WHERE state = 'certified'") == 4; },
      std::chrono::seconds(60));
}

void check_result(MirrorFixture& mirror) {
  CHECK(mirror.differences().empty());
  CHECK(mirror.database.count("SELECT count(*) FROM workos.snapshots") == 4);
  CHECK(mirror.database.count("SELECT count(*) FROM workos.changes WHERE op <> 'snapshot'") == 0);
  CHECK(mirror.database.count("SELECT sum(rows) FROM workos.snapshots WHERE stream = 'users'") == 12'000);
}

/// Per start: a probe of each stream, of the organizations twice. A page that is lost and ended its list costs the
/// list's proof as well.
constexpr std::size_t probes = 4;

}  // namespace

TEST_CASE("a first load that was stopped goes on from its last page and reads none twice") {
  MirrorFixture mirror(large_directory());
  mirror.options.parallel = 1;
  {
    EngineProcess daemon(mirror);
    daemon.start();
    REQUIRE(is_in_the_middle(mirror));
    CHECK(daemon.stop() < std::chrono::seconds(15));
  }
  REQUIRE(mirror.database.count("SELECT count(*) FROM workos.users") < 12'000);
  EngineProcess next(mirror);
  next.start();
  REQUIRE(is_complete(mirror));
  next.stop();
  // What was queued at the stop was written: only what each list had asked for last is asked for again.
  const std::size_t lists_under_way = 3 + 8;
  CHECK(pages_read(mirror) <= pages_of_an_undisturbed_load() + probes + 2 * lists_under_way);
  check_result(mirror);
}

TEST_CASE("a first load whose database sessions are killed goes on from its last commit") {
  MirrorFixture mirror(large_directory());
  mirror.options.parallel = 1;
  EngineProcess daemon(mirror);
  daemon.start();
  REQUIRE(is_in_the_middle(mirror));
  mirror.database.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
      " AND application_name LIKE 'authkit-mirror writer%'");
  REQUIRE(mirror.database.count("SELECT count(*) FROM workos.users") < 12'000);
  REQUIRE(is_complete(mirror));
  daemon.stop();
  // Lost with the session: what was queued (32), being written (24) and under way.
  CHECK(pages_read(mirror) <= pages_of_an_undisturbed_load() + probes + 2 * (32 + 24 + 3 + 8));
  check_result(mirror);
}

TEST_CASE("what changes at WorkOS between two parts of a load is in the mirror at its end") {
  MirrorFixture mirror(large_directory());
  {
    EngineProcess daemon(mirror);
    daemon.start();
    REQUIRE(is_in_the_middle(mirror));
    daemon.stop();
  }
  const auto [gone, renamed] = mirror.workos.with([](World& world) {
    auto place = world.store.table(simulator::Kind::users).order().begin();
    const std::string first = place->second->id;
    const std::string second = std::next(place)->second->id;
    world.store.erase(simulator::Kind::users, first);
    world.store.update(simulator::Kind::users, second, {{"first_name", "Renamed"}});
    return std::pair{first, second};
  });
  CHECK(MirrorFixture::all_certified(mirror.sync()));  // the end of the load; it passed these pages before
  CHECK(MirrorFixture::all_certified(mirror.sync()));
  CHECK(mirror.differences().empty());
  CHECK(mirror.database.value("SELECT _deleted_by FROM workos.users WHERE id = '" + gone + "'") == "sweep");
}
