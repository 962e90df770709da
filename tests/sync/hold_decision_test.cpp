#include "sync/hold_decision.hpp"

#include <functional>
#include <nlohmann/json.hpp>

#include "http/health_report.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/harness/wait_until.hpp"
#include "tests/sync/hold_fixture.hpp"

using namespace mirror;
using namespace mirror::harness;
using simulator::Kind;
using simulator::World;

namespace {

/// A mirror of 30 users with a membership in each of 3 organizations, of which `gone` users were held: more than
/// 5 deletions always are.
struct Held : HoldFixture {
  explicit Held(std::size_t count = 6)
      : HoldFixture({.directory = {.organizations = 3, .users = 30, .memberships = 40, .invitations = 10}},
                    {.max_count = 5, .min_count = 20, .max_percent = 100}),
        gone(erase(Kind::users, count)) {
    sync();
  }

  int hold_of(const std::string& stream) {
    for (const auto& hold : open_holds()) {
      if (hold.stream == stream) return hold.id;
    }
    return 0;
  }

  /// The same id again, as if it had never been deleted.
  void bring_back(const std::string& id) {
    workos.with([&](World& world) {
      world.clock.advance(std::chrono::seconds(10));
      world.store.create(Kind::users, {{"id", id}, {"email", id + "@people.example"}});
    });
  }

  std::vector<std::string> gone;
};

}  // namespace

TEST_CASE("an approved hold deletes its rows with their children, and leaves a trace") {
  Held mirror;
  const int hold = mirror.hold_of("users");
  const auto children = mirror.database.count(
      "SELECT count(*) FROM workos.organization_memberships_live WHERE user_id IN "
      "(SELECT id FROM workos.hold_items WHERE table_name = 'users')");
  const auto changes = mirror.database.count("SELECT count(*) FROM workos.changes");

  const auto outcome = mirror.approve(hold);

  CHECK(outcome.kept == 0);
  CHECK(outcome.deleted == 6 + children);
  CHECK(mirror.fate_of(hold) == "approved " + std::to_string(outcome.deleted) + " 0 tester");
  CHECK(mirror.database.count("SELECT count(*) FROM workos.hold_items WHERE outcome = 'deleted'") == 6);
  CHECK(mirror.database.count("SELECT count(*) FROM workos.changes WHERE op = 'delete'") == outcome.deleted);
  CHECK(mirror.database.count("SELECT count(*) FROM workos.changes") == changes + outcome.deleted);
  mirror.sync();
  CHECK(mirror.open_holds().empty());
  CHECK(mirror.differences().empty());
}

TEST_CASE("an approval keeps what exists at WorkOS after all") {
  Held mirror(7);
  mirror.bring_back(mirror.gone[2]);
  const auto outcome = mirror.approve(mirror.hold_of("users"));
  CHECK(outcome.kept == 1);
  CHECK(mirror.is_live("users", mirror.gone[2]));
  CHECK_FALSE(mirror.is_live("users", mirror.gone[1]));
  CHECK(mirror.database.value("SELECT outcome FROM workos.hold_items WHERE id = '" + mirror.gone[2] + "'") == "kept");
  mirror.sync();
  CHECK(mirror.differences().empty());
}

TEST_CASE("an approval that the API can't answer leaves the hold open and every row alive") {
  Held mirror;
  const int hold = mirror.hold_of("users");
  mirror.workos.arm({.name = "401-midway", .target = "/user_management/users/", .skip = 3});
  CHECK(caught_error([&] { mirror.approve(hold); }).fault() == Fault::refused);
  CHECK(mirror.hold_of("users") == hold);
  CHECK(mirror.live("users") == 30);
  mirror.workos.clear_faults();
  CHECK(mirror.approve(hold).kept == 0);
  CHECK(mirror.live("users") == 24);
}

TEST_CASE("a discarded hold deletes nothing, and the next certified sweep holds anew") {
  Held mirror;
  const int first = mirror.hold_of("users");
  CHECK(mirror.discard(first).deleted == 0);
  CHECK(mirror.fate_of(first) == "discarded tester");
  CHECK(mirror.hold_of("users") == 0);
  CHECK(mirror.live("users") == 30);
  mirror.sync();
  CHECK(mirror.hold_of("users") > first);
  CHECK(mirror.live("users") == 30);
}

TEST_CASE("a newer sweep's hold replaces an open one") {
  Held mirror;
  const int first = mirror.hold_of("users");
  mirror.erase(Kind::users, 2);
  mirror.sync();
  const int second = mirror.hold_of("users");
  CHECK(second > first);
  CHECK(mirror.fate_of(first) == "replaced");
  CHECK(mirror.database.count("SELECT deletions FROM workos.holds WHERE id = " + std::to_string(second)) == 8);
  CHECK(mirror.live("users") == 30);
}

TEST_CASE("a sweep that misses less than the limit closes the hold and deletes what is gone") {
  Held mirror;
  const int first = mirror.hold_of("users");
  for (std::size_t i = 0; i < 4; ++i) mirror.bring_back(mirror.gone[i]);
  mirror.sync();
  mirror.sync();  // the memberships of the four, held as well, are counted after the users
  CHECK(mirror.fate_of(first) == "replaced");
  CHECK(mirror.hold_of("users") == 0);
  CHECK(mirror.live("users") == 28);
}

TEST_CASE("deciding about a hold that is closed or unknown is a clear error of usage") {
  Held mirror;
  const int hold = mirror.hold_of("users");
  mirror.discard(hold);
  for (const auto& decide :
       {std::function([&](int id) { mirror.approve(id); }), std::function([&](int id) { mirror.discard(id); })}) {
    const auto closed = caught_error([&] { decide(hold); });
    CHECK(closed.fault() == Fault::usage);
    CHECK_THAT(closed.what(),
               ContainsSubstring("hold " + std::to_string(hold) + " is not open any more: it was discarded"));
    const auto unknown = caught_error([&] { decide(4711); });
    CHECK(unknown.fault() == Fault::usage);
    CHECK_THAT(unknown.what(), ContainsSubstring("hold 4711 does not exist"));
    CHECK_THAT(unknown.next_step(), ContainsSubstring("authkit-mirror holds"));
  }
  CHECK(mirror.live("users") == 30);
}

TEST_CASE("an open hold degrades health until it is decided") {
  Held mirror;
  EngineProcess daemon(mirror);
  SystemClock clock;
  const http::Health health(daemon.board(), clock, mirror.options);
  daemon.start();
  REQUIRE(wait_until([&] { return daemon.finding("hold", "users").has_value(); }));
  const auto hold = mirror.hold_of("users");
  CHECK(daemon.finding("hold", "users")->severity == sync::Severity::degraded);
  CHECK_THAT(daemon.finding("hold", "users")->next_step,
             ContainsSubstring("authkit-mirror approve " + std::to_string(hold)));
  CHECK(health.report().state == http::HealthReport::State::degraded);

  mirror.approve(hold);  // beside the daemon
  CHECK(mirror.fate_of(hold).starts_with("approved"));
  CHECK(wait_until([&] { return !daemon.finding("hold", "users"); }));
}
