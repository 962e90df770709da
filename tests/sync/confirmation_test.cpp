// What happens while the API is asked about rows by their ids: the mirror goes on meanwhile.

#include "model/streams.hpp"
#include "sync/hold_decision.hpp"
#include "tests/catch.hpp"
#include "tests/sync/meanwhile.hpp"
#include "tests/sync/tail_fixture.hpp"

namespace mirror::tests {
namespace {

using harness::SteppedMirror;
using harness::TailFixture;
using simulator::Json;
using simulator::Kind;
using simulator::Store;

struct ConfirmationFixture : TailFixture {
  ConfirmationFixture() { options.parallel = 1; }

  std::string value_of(const std::string& column, const std::string& user) {
    return value("SELECT " + column + " FROM workos.users WHERE id = '" + user + "'");
  }
  std::string member() { return value("SELECT min(user_id) FROM workos.organization_memberships_live"); }
  std::int64_t live_memberships(const std::string& user) {
    return count("SELECT count(*) FROM workos.organization_memberships_live WHERE user_id = '" + user + "'");
  }
};

}  // namespace

TEST_CASE("a deletion that joins a hold while it is being approved is part of the approval") {
  Meanwhile meanwhile("approval.before_decision", 2);
  ConfirmationFixture mirror;
  mirror.options.brake = {.max_count = 0, .min_count = 0, .max_percent = 0};
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto users = mirror.some(Kind::users, 2);
  mirror.change([&](Store& store) { store.erase(Kind::users, users[0]); });
  daemon.catch_up();
  const auto hold =
      static_cast<int>(mirror.count("SELECT id FROM workos.holds WHERE state = 'open' AND stream = 'users'"));
  meanwhile.action = [&] {
    mirror.change([&](Store& store) { store.erase(Kind::users, users[1]); });
    daemon.deliver(mirror.event_texts().back());
  };
  const auto outcome = sync::approve_hold(daemon.session(), hold, "tester", {});
  REQUIRE(meanwhile.has_happened());
  CHECK(mirror.value_of("_deleted_by", users[0]) == "event");
  CHECK(mirror.value_of("_deleted_by", users[1]) == "event");
  CHECK(outcome.deleted >= 2);
  CHECK(mirror.count("SELECT count(*) FROM workos.hold_items WHERE outcome = 'deleted' AND table_name = 'users'") == 2);
}

TEST_CASE("a row that is observed alive after its 404 keeps its children") {
  Meanwhile meanwhile("snapshot.before_bury", 1);
  ConfirmationFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto user = mirror.member();
  const auto memberships = mirror.live_memberships(user);
  REQUIRE(memberships > 0);
  const auto created_again = mirror.change([&](Store& store) {
    const Json object = store.object(Kind::users, user);
    store.erase(Kind::users, user, {.event = false});
    return object;
  });
  meanwhile.action = [&] {
    mirror.change([&](Store& store) {
      Json again = created_again;
      again["updated_at"] = to_string(store.now());
      daemon.deliver(store.events().append("user.updated", again.dump(), "", store.now()).text);
    });
  };
  daemon.sweep(users());
  REQUIRE(meanwhile.has_happened());
  CHECK(mirror.is_live("users", user));
  CHECK(mirror.live_memberships(user) == memberships);
}

TEST_CASE("a 404 in the second in which the row was last observed counts") {
  ConfirmationFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto user = mirror.any(Kind::users);
  const auto advance = [&](int milliseconds) {
    mirror.workos.with([&](simulator::World& world) { world.clock.advance(std::chrono::milliseconds(milliseconds)); });
  };
  const auto deletion = mirror.workos.with([&](simulator::World& world) {
    const auto second = world.store.now().microseconds / 1'000'000 * 1'000'000;
    world.clock.set(Instant{second + 2'650'000});
    // It is told behind the update, but happened before.
    return [&world, at = world.store.now()](const std::string& id) {
      return world.store.events().append("user.deleted", Json{{"object", "user"}, {"id", id}}.dump(), "", at).text;
    };
  });
  advance(50);
  mirror.workos.with([&](simulator::World& world) {
    world.store.update(Kind::users, user, Json{{"first_name", "Last"}});
  });
  daemon.deliver(mirror.event_texts().back());
  REQUIRE(mirror.first_name(user) == "Last");
  const auto text = mirror.workos.with([&](simulator::World&) { return deletion(user); });
  daemon.deliver(text);
  REQUIRE(mirror.count("SELECT count(*) FROM workos.doubts") == 1);
  mirror.workos.with([&](simulator::World& world) { world.store.erase(Kind::users, user, {.event = false}); });
  daemon.settle_doubts();
  CHECK(mirror.value_of("_deleted_by", user) == "event");
  CHECK(mirror.count("SELECT count(*) FROM workos.doubts") == 0);
}

TEST_CASE("an empty list proves nothing after a kill either") {
  Meanwhile meanwhile("snapshot.after_walk", 1);
  ConfirmationFixture mirror;
  {
    SteppedMirror daemon(mirror);
    daemon.sweep_all();
    mirror.workos.arm({.name = "empty-list", .target = "users", .count = 3});
    meanwhile.action = [] { throw Error(Fault::unavailable, "killed here"); };
    REQUIRE_THROWS(daemon.sweep(users()));
  }
  REQUIRE(meanwhile.has_happened());
  mirror.workos.clear_faults();
  SteppedMirror next(mirror);
  const auto resumed = next.sweep(users());
  CHECK(resumed.state == "uncertified");
  CHECK(resumed.reason == "the list is empty, but the mirror holds 40 rows");
  CHECK(mirror.count("SELECT count(*) FROM workos.users_live") == 40);
  CHECK(mirror.count("SELECT count(*) FROM workos.holds") == 0);
  CHECK(next.sweep(users()).state == "certified");
}

}  // namespace mirror::tests
