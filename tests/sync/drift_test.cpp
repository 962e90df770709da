// What a sweep has to correct although events are followed, by cause.

#include "model/streams.hpp"
#include "tests/catch.hpp"
#include "tests/sync/tail_fixture.hpp"

namespace mirror::tests {
namespace {

using harness::SteppedMirror;
using harness::TailFixture;
using simulator::Json;
using simulator::Kind;
using simulator::Store;
using std::chrono::minutes;

struct DriftFixture : TailFixture {
  DriftFixture() {
    SteppedMirror daemon(*this);
    daemon.poll();
    daemon.sweep_all();
    advance(minutes{10});
  }

  /// A new process reads all events and, `later`, sweeps the users.
  void sweep_users(minutes later = minutes{0}) {
    SteppedMirror daemon(*this);
    daemon.catch_up();
    advance(later);
    REQUIRE(daemon.sweep(users()).state == "certified");
  }
  void change_user(const std::string& id, const Json& fields, const simulator::WriteOptions& how) {
    change([&](Store& store) { store.update(Kind::users, id, fields, how); });
  }
  std::vector<std::vector<std::string>> drift() {
    return database.rows("SELECT table_name, cause, rows, example_id FROM workos.drift ORDER BY 1, 2");
  }
};

using Rows = std::vector<std::vector<std::string>>;

}  // namespace

TEST_CASE("a first load is no drift, nor is a sweep of what events have told") {
  DriftFixture mirror;
  CHECK(mirror.drift().empty());
  mirror.change_some(1);
  mirror.sweep_users();
  CHECK(mirror.drift().empty());
}

TEST_CASE("a field that changes without an event is drift of no event") {
  DriftFixture mirror;
  const auto user = mirror.any(Kind::users);
  mirror.change_user(user, {{"last_sign_in_at", "2026-11-01T00:00:00.000Z"}}, {.event = false, .touch = false});
  mirror.sweep_users();
  CHECK(mirror.drift() == Rows{{"users", "no_event", "1", user}});
}

TEST_CASE("a change that no event told, although the tail was past it, is a missed event") {
  DriftFixture mirror;
  const auto changed = mirror.some(Kind::users, 2);
  for (const auto& user : changed) mirror.change_user(user, {{"first_name", "Quiet"}}, {.event = false});
  mirror.advance(minutes{1});
  mirror.sweep_users();
  const auto found = mirror.drift();
  REQUIRE(found.size() == 1);
  CHECK(found[0][1] == "missed_event");
  CHECK(found[0][2] == "2");
  CHECK((found[0][3] == changed[0] || found[0][3] == changed[1]));
}

TEST_CASE("an object that no event told is a missed event, too") {
  DriftFixture mirror;
  const auto id = mirror.change([](Store& store) {
    return store.create(Kind::users, {{"email", "a@example.com"}}, {.event = false}).id;
  });
  mirror.advance(minutes{1});
  mirror.sweep_users();
  CHECK(mirror.drift() == Rows{{"users", "missed_event", "1", id}});
}

TEST_CASE("a change that is younger than what the tail had reached is in flight") {
  DriftFixture mirror;
  const auto user = mirror.any(Kind::users);
  mirror.change_user(user, {{"first_name", "Young"}}, {.event_delay = std::chrono::seconds{10}});
  mirror.sweep_users();
  CHECK(mirror.drift() == Rows{{"users", "in_flight", "1", user}});
}

TEST_CASE("what the tail has passed while a sweep lasts is no longer in flight") {
  DriftFixture mirror;
  const auto user = mirror.any(Kind::users);
  SteppedMirror daemon(mirror);
  daemon.catch_up();
  mirror.change_user(user, {{"first_name", "Quiet"}}, {.event = false});
  mirror.advance(minutes{1});
  daemon.poll();  // which the database learns only seconds later, as in a long sweep
  REQUIRE(daemon.sweep(users()).state == "certified");
  CHECK(mirror.drift() == Rows{{"users", "missed_event", "1", user}});
}

TEST_CASE("another content under the same version has no known cause") {
  DriftFixture mirror;
  const auto user = mirror.any(Kind::users);
  mirror.change_user(user, {{"first_name", "Untouched"}}, {.event = false, .touch = false});
  mirror.advance(minutes{1});
  mirror.sweep_users();
  CHECK(mirror.drift() == Rows{{"users", "unknown", "1", user}});
}

TEST_CASE("a row that is gone without an event is a missed event, unless the tail was far behind") {
  const bool is_behind = GENERATE(true, false);
  DriftFixture mirror;
  const auto user = mirror.any(Kind::users);
  mirror.change([&](Store& store) { store.erase(Kind::users, user, {.event = false}); });
  mirror.advance(minutes{1});
  mirror.sweep_users(minutes{is_behind ? 5 : 0});
  CHECK(mirror.drift() == Rows{{"users", is_behind ? "in_flight" : "missed_event", "1", user}});
}

}  // namespace mirror::tests
