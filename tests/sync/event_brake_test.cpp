// Rule R8 for deletions that events tell.

#include "sync/event_brake.hpp"

#include <algorithm>

#include "db/transaction.hpp"
#include "model/streams.hpp"
#include "sync/event_replay.hpp"
#include "sync/hold_decision.hpp"
#include "tests/catch.hpp"
#include "tests/harness/rows_read.hpp"
#include "tests/sync/tail_fixture.hpp"

namespace mirror::tests {
namespace {

using harness::SteppedMirror;
using harness::TailFixture;
using simulator::Json;
using simulator::Kind;
using simulator::Store;
using std::chrono::minutes;

/// 40 users without memberships; more than 5 deletions within an hour are held.
struct BrakeFixture : TailFixture {
  explicit BrakeFixture(sync::BrakeOptions brake = {.max_count = 5, .min_count = 20, .max_percent = 100},
                        std::size_t memberships = 0)
      : TailFixture({.directory = {.organizations = 4, .users = 40, .memberships = memberships}}) {
    options.brake = brake;
  }

  /// The oldest `count` users are deleted; returns their ids.
  std::vector<std::string> erase_users(std::size_t count) {
    const auto ids = some(Kind::users, count);
    change([&](Store& store) {
      for (const auto& id : ids) store.erase(Kind::users, id);
    });
    return ids;
  }
  std::int64_t dead(const std::string& table = "users") {
    return count("SELECT count(*) FROM workos." + table + " WHERE _deleted_at IS NOT NULL");
  }
  /// How many deletions of `stream` wait in its open hold over events.
  std::int64_t held(const std::string& stream = "users") {
    return count(
        "SELECT COALESCE(sum(deletions), 0) FROM workos.holds WHERE state = 'open' AND cause = 'event' AND stream = '" +
        stream + "'");
  }
  std::int64_t holds() { return count("SELECT count(*) FROM workos.holds"); }
  int open_hold() { return static_cast<int>(count("SELECT id FROM workos.holds WHERE state = 'open'")); }
  sync::HoldOutcome approve(SteppedMirror& daemon) {
    return sync::approve_hold(daemon.session(), open_hold(), "tester", {});
  }
};

}  // namespace

TEST_CASE("deletions up to max_count pass, the one that crosses it and all later ones are held") {
  const std::size_t deletions = GENERATE(4u, 5u, 6u, 8u);
  const bool one_by_one = GENERATE(true, false);
  CAPTURE(deletions, one_by_one);
  BrakeFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  if (one_by_one) {
    for (std::size_t i = 0; i < deletions; ++i) {
      mirror.erase_users(1);
      daemon.catch_up();
    }
  } else {
    mirror.erase_users(deletions);
    daemon.catch_up();
  }
  const auto passed = static_cast<std::int64_t>(std::min<std::size_t>(deletions, 5));
  CHECK(mirror.dead() == passed);
  CHECK(mirror.held() == static_cast<std::int64_t>(deletions) - passed);
  CHECK(mirror.holds() == (deletions > 5 ? 1 : 0));
  CHECK(daemon.board().events().held == deletions - static_cast<std::size_t>(passed));
  CHECK(mirror.cursor() == mirror.newest_event_id());
}

TEST_CASE("deletions up to max_percent of the rows that lived pass, however they are cut into pages") {
  const bool one_by_one = GENERATE(true, false);
  CAPTURE(one_by_one);
  BrakeFixture mirror({.max_count = 500, .min_count = 1, .max_percent = 9.9});  // 3.96 of 40
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  if (one_by_one) {
    for (int i = 0; i < 4; ++i) {
      mirror.erase_users(1);
      daemon.catch_up();
    }
  } else {
    mirror.erase_users(4);
    daemon.catch_up();
  }
  CHECK(mirror.dead() == 3);
  CHECK(mirror.held() == 1);
  CHECK(mirror.value("SELECT live_rows || ' ' || reason FROM workos.holds") ==
        "40 4 deletions of 40 rows exceed brake.max_percent = 9.9");
}

TEST_CASE("a large table is counted only as far as the limits need, and once to the end for a hold") {
  BrakeFixture mirror(sync::BrakeOptions{});
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.database.execute(
      "INSERT INTO workos.users (_env, id, _observed_at) "
      "SELECT 'default', 'user_' || n, now() FROM generate_series(1, 50000) AS n");
  const auto& table = *users().table;
  const auto at = *parse_instant("2026-01-15T12:00:00Z");
  daemon.session().writer.run(
      [&](sync::WriteSession& write) {
        sync::EventBrake brake(write, sync::BrakeOptions{});
        const auto stopped = [&] { return brake.stop(table, at, true, {}); };
        for (int n = 1; n <= 40; ++n) REQUIRE_FALSE(stopped());
        CHECK(harness::rows_read(write.transaction, "users") <= 1'000);
        for (int n = 41; n <= 500; ++n) REQUIRE_FALSE(stopped());
        CHECK(harness::rows_read(write.transaction, "users") <= 30'000);
        CHECK(stopped() == "501 deletions exceed brake.max_count = 500");
        CHECK(brake.live_rows(table) == 50'040);
      },
      {});
}

TEST_CASE("the window is one of source time: what died an hour ago does not count") {
  const bool is_over = GENERATE(true, false);
  BrakeFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.erase_users(5);
  mirror.advance(minutes{is_over ? 60 : 59});
  mirror.erase_users(1);
  daemon.catch_up();  // both at one time here
  CHECK(mirror.dead() == (is_over ? 6 : 5));
  CHECK(mirror.held() == (is_over ? 0 : 1));
}

TEST_CASE("children count in their own table: a parent that would take too many joins the hold with them") {
  BrakeFixture mirror({.max_count = 5, .min_count = 20, .max_percent = 100}, 60);
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto organization = mirror.workos.with([](simulator::World& world) {
    for (const auto& [position, record] : world.store.table(Kind::organizations).order()) {
      if (world.store.memberships_of_organization(record->id).size() > 5) return record->id;
    }
    return std::string();
  });
  REQUIRE(!organization.empty());
  const auto members = mirror.count(
      "SELECT count(*) FROM workos.organization_memberships_live WHERE organization_id = '" + organization + "'");
  const auto domains = mirror.count("SELECT count(*) FROM workos.organization_domains_live WHERE organization_id = '" +
                                    organization + "'");
  mirror.change([&](Store& store) {
    for (const auto& [position, record] : simulator::Order(store.memberships_of_organization(organization))) {
      store.erase(Kind::organization_memberships, record->id, {.event = false});
    }
    store.erase(Kind::organizations, organization);
  });
  daemon.catch_up();
  CHECK(mirror.is_live("organizations", organization));
  CHECK(mirror.dead("organization_memberships") == 0);
  CHECK(mirror.held("organizations") == 1);
  CHECK(mirror.dead("organization_domains") == domains);  // they have events of their own
  CHECK(mirror.count("SELECT cascades FROM workos.holds") == members);
  CHECK(mirror.value("SELECT reason FROM workos.holds").find("organization_memberships") != std::string::npos);

  mirror.approve(daemon);
  CHECK(!mirror.is_live("organizations", organization));
  CHECK(mirror.dead("organization_memberships") == members);
  // What was approved does not count in the children's table either.
  const auto next = mirror.any(Kind::organization_memberships);
  mirror.change([&](Store& store) { store.erase(Kind::organization_memberships, next); });
  daemon.catch_up();
  CHECK(!mirror.is_live("organization_memberships", next));
  CHECK(mirror.held("organization_memberships") == 0);
}

TEST_CASE("while a hold is open later deletions of its stream join it, and everything else goes on") {
  BrakeFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.erase_users(6);
  daemon.catch_up();
  REQUIRE(mirror.held() == 1);
  mirror.advance(minutes{180});  // long after the window
  const auto later = mirror.erase_users(2);
  const auto user = mirror.any(Kind::users);
  mirror.rename(user, "Renamed");
  const auto organization = mirror.any(Kind::organizations);
  mirror.change([&](Store& store) { store.erase(Kind::organizations, organization); });
  daemon.catch_up();
  CHECK(mirror.held() == 3);
  CHECK(mirror.holds() == 1);
  CHECK(mirror.is_live("users", later[0]));
  CHECK(mirror.first_name(user) == "Renamed");
  CHECK(!mirror.is_live("organizations", organization));
  CHECK(mirror.cursor() == mirror.newest_event_id());
}

TEST_CASE("a held row that lives again is kept by an approval, as a read by its id finds it") {
  BrakeFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto users = mirror.erase_users(8);
  daemon.catch_up();
  REQUIRE(mirror.held() == 3);
  const auto& back = users[7];
  REQUIRE(mirror.is_live("users", back));
  mirror.change([&](Store& store) {
    store.create(Kind::users, {{"id", back}, {"email", "back@people.example"}, {"first_name", "Back"}});
  });
  daemon.catch_up();
  CHECK(mirror.first_name(back) == "Back");
  mirror.advance(minutes{1});
  const auto outcome = mirror.approve(daemon);
  CHECK(outcome.deleted == 2);
  CHECK(outcome.kept == 1);
  CHECK(mirror.is_live("users", back));
  CHECK(mirror.dead() == 7);
  CHECK(mirror.count("SELECT count(*) FROM workos.users WHERE _deleted_by = 'event'") == 7);
  CHECK(mirror.differences() == std::vector<std::string>{});
}

TEST_CASE("a discarded hold leaves its rows to the next certified sweep") {
  BrakeFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.erase_users(7);
  daemon.catch_up();
  sync::discard_hold(daemon.session(), mirror.open_hold(), "tester", {});
  CHECK(mirror.dead() == 5);
  mirror.advance(minutes{1});
  daemon.sweep(users());
  CHECK(mirror.dead() == 7);
  CHECK(mirror.differences() == std::vector<std::string>{});
}

TEST_CASE("a sweep that misses what an event hold waits for leaves it to the hold") {
  BrakeFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.erase_users(7);
  daemon.catch_up();
  mirror.advance(minutes{1});
  const auto snapshot = daemon.sweep(users());
  CHECK(snapshot.state == "certified");
  CHECK(snapshot.counts.held == 2);
  CHECK(mirror.held() == 2);
  CHECK(mirror.holds() == 1);
  CHECK(mirror.dead() == 5);
}

TEST_CASE("what a person has approved does not count against the next deletions") {
  BrakeFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.erase_users(8);
  daemon.catch_up();
  mirror.advance(minutes{1});
  mirror.approve(daemon);
  REQUIRE(mirror.dead() == 8);
  mirror.erase_users(5);
  daemon.catch_up();
  CHECK(mirror.dead() == 13);
  mirror.erase_users(1);
  daemon.catch_up();
  CHECK(mirror.dead() == 13);
  CHECK(mirror.held() == 1);
}

TEST_CASE("an approval covers what had been told by then, not what is told later of the time before") {
  BrakeFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.erase_users(7);
  daemon.catch_up();
  REQUIRE(mirror.held() == 2);
  mirror.erase_users(9);  // unheard of as yet
  mirror.advance(minutes{1});
  mirror.approve(daemon);
  REQUIRE(mirror.dead() == 7);
  daemon.catch_up();
  CHECK(mirror.dead() == 7 + 5);
  CHECK(mirror.held() == 4);
}

TEST_CASE("a held deletion that is told again counts once, and so do its children") {
  BrakeFixture mirror({.max_count = 0, .min_count = 0, .max_percent = 0}, 60);
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto user = mirror.value("SELECT min(user_id) FROM workos.organization_memberships_live");
  const auto members =
      mirror.count("SELECT count(*) FROM workos.organization_memberships_live WHERE user_id = '" + user + "'");
  mirror.change([&](Store& store) {
    store.events().append("user.deleted", Json{{"object", "user"}, {"id", user}}.dump(), "", store.now());
  });
  daemon.catch_up();
  sync::replay_events(daemon.session(), Instant{0}, {});
  CHECK(mirror.held() == 1);
  CHECK(mirror.count("SELECT cascades FROM workos.holds") == members);
  CHECK(daemon.board().events().held == 1);
}

TEST_CASE("a discarded deletion that is told again is left to the next sweep") {
  BrakeFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.erase_users(7);
  daemon.catch_up();
  sync::discard_hold(daemon.session(), mirror.open_hold(), "tester", {});
  if (GENERATE(false, true)) mirror.advance(minutes{180});  // no limit would be crossed any more
  sync::replay_events(daemon.session(), Instant{0}, {});
  CHECK(mirror.holds() == 1);
  CHECK(mirror.dead() == 5);
  mirror.advance(minutes{1});
  CHECK(daemon.sweep(users()).counts.held == 0);
  CHECK(mirror.dead() == 7);
}

TEST_CASE("an approval of a deletion that claims to be of the far future does not open the brake for good") {
  BrakeFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.erase_users(7);
  mirror.workos.with([](simulator::World& world) {
    auto& log = world.store.events();
    auto event = Json::parse(log.at(log.size() - 1).text);
    event["created_at"] = "9999-01-01T00:00:00.000Z";
    log.spoil(log.size() - 1, event.dump());
  });
  daemon.catch_up();
  REQUIRE(mirror.held() == 2);
  mirror.advance(minutes{1});
  mirror.approve(daemon);
  mirror.erase_users(6);
  daemon.catch_up();
  CHECK(mirror.dead() == 7 + 5);
  CHECK(mirror.held() == 1);
}

TEST_CASE("deletions of objects that the mirror never saw do not count") {
  BrakeFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.change([](Store& store) {
    for (int i = 0; i < 20; ++i) {
      const auto id = store.create(Kind::users, {{"email", std::to_string(i) + "@example.com"}}, {.event = false}).id;
      store.erase(Kind::users, id);
    }
  });
  mirror.erase_users(5);
  daemon.catch_up();
  CHECK(mirror.holds() == 0);
  CHECK(mirror.dead() == 25);
  CHECK(mirror.differences() == std::vector<std::string>{});
}

TEST_CASE("deletions that were in doubt count when a read by id confirms them") {
  const std::size_t deletions = GENERATE(5u, 6u);
  CAPTURE(deletions);
  BrakeFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  daemon.catch_up();
  const auto users = mirror.some(Kind::users, deletions);
  mirror.change([&](Store& store) {
    for (const auto& id : users) {
      store.events().append("user.deleted", Json{{"object", "user"}, {"id", id}}.dump(), "", store.now());
    }
  });
  mirror.change([&](Store& store) {
    for (const auto& id : users) store.update(Kind::users, id, Json{{"first_name", "Alive"}}, {.event = false});
  });
  daemon.sweep_all();  // saw them alive after the events were made
  mirror.change([&](Store& store) {
    for (const auto& id : users) store.erase(Kind::users, id, {.event = false});
  });
  daemon.poll();
  daemon.session().writer.flush({});
  REQUIRE(mirror.count("SELECT count(*) FROM workos.doubts") == static_cast<std::int64_t>(deletions));
  daemon.settle_doubts();
  CHECK(mirror.dead() == 5);
  CHECK(mirror.held() == static_cast<std::int64_t>(deletions) - 5);
  CHECK(daemon.board().events().held == deletions - 5);
  if (deletions == 6) CHECK(mirror.approve(daemon).deleted == 1);
}

TEST_CASE("two deletions of one held parent in one batch hold it once, with the later event, and spare its children") {
  BrakeFixture mirror({.max_count = 0, .min_count = 0, .max_percent = 0}, 60);
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto user = mirror.value("SELECT min(user_id) FROM workos.organization_memberships_live");
  const auto later = mirror.change([&](Store& store) {
    const auto append = [&] {
      return store.events().append("user.deleted", Json{{"object", "user"}, {"id", user}}.dump(), "", store.now()).text;
    };
    append();
    return std::string(Json::parse(append())["id"]);
  });
  daemon.catch_up();
  CHECK(mirror.dead("organization_memberships") == 0);
  CHECK(mirror.held() == 1);
  CHECK(mirror.value("SELECT event_id FROM workos.hold_items WHERE id = '" + user + "'") == later);
  CHECK(mirror.cursor() == later);
}

}  // namespace mirror::tests
