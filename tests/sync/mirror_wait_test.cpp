// Reading one's own writes: waiting in SQL, and as commands and the daemon wait.

#include "sync/mirror_wait.hpp"

#include <future>

#include "db/change_listener.hpp"
#include "db/lease.hpp"
#include "db/migrator.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/harness/database_access.hpp"
#include "tests/harness/wait_until.hpp"
#include "tests/sync/tail_fixture.hpp"

namespace mirror::tests {
namespace {

using db::Sighting;
using harness::DatabaseAccess;
using harness::SteppedMirror;
using harness::TailFixture;
using harness::TestDatabase;
using harness::wait_until;
using harness::Way;
using simulator::Kind;

constexpr std::chrono::seconds long_enough{60};
constexpr std::chrono::milliseconds at_once{0};

/// Before anybody waits: to make one needs a lock that a reader's excludes. The daemon attaches its partitions.
constexpr const char* a_partition = "CREATE TABLE workos.events_all PARTITION OF workos.events DEFAULT";
constexpr const char* an_event =
    "INSERT INTO workos.lease (_env, token) VALUES ('default', 1), ('other', 1) ON CONFLICT DO NOTHING;"
    "INSERT INTO workos.events (_env, id, created_at, type, table_name, object_id) VALUES ('default', 'event_1', "
    "now(), "
    "'user.updated', 'users', 'user_1')";

constexpr const char* a_user =
    "INSERT INTO workos.users (_env, id, _observed_at, updated_at) VALUES ('default', 'user_1', now(), '2026-03-01 "
    "12:00:00.123+00')";

db::Awaited user_since(const std::string& instant) {
  return {.table = "users", .id = "user_1", .updated_after = parse_instant(instant)};
}

/// Sessions that wait in SQL.
bool somebody_waits(TestDatabase& database, const std::string& in) {
  return database.count("SELECT count(*) FROM pg_stat_activity WHERE wait_event = '" + in + "'") > 0;
}

}  // namespace

TEST_CASE("wait_for_event answers when the event's effects are committed, also those that commit meanwhile") {
  TestDatabase database;
  database.execute(a_partition);
  CHECK(database.value("SELECT workos.wait_for_event('event_1', '0')") == "f");
  auto waiting = std::async(std::launch::async, [&] {
    db::Connection connection(database.options(), "test");
    db::Transaction transaction(connection);
    return transaction.run("SELECT workos.wait_for_event('event_1', '1 min')")[0][0].as<bool>();
  });
  REQUIRE(wait_until([&] { return somebody_waits(database, "PgSleep"); }));
  database.execute(an_event);
  CHECK(waiting.get());
  CHECK(database.value("SELECT workos.wait_for_event('event_1', '0', 'default')") == "t");
  CHECK(database.value("SELECT workos.wait_for_event('event_1', '0', 'other')") == "f");
}

TEST_CASE("an event in quarantine, in doubt or held by the brake is not there yet") {
  TestDatabase database;
  database.execute(a_partition);
  database.execute(an_event);
  const auto there = [&] { return database.value("SELECT workos.wait_for_event('event_1', '0')"); };
  database.execute("UPDATE workos.events SET error = 'broken'");
  CHECK(there() == "f");
  database.execute("UPDATE workos.events SET error = NULL");
  CHECK(there() == "t");
  database.execute("INSERT INTO workos.doubts (_env, table_name, id) VALUES ('default', 'users', 'user_1')");
  CHECK(there() == "f");
  database.execute("DELETE FROM workos.doubts");
  database.execute(
      "WITH hold AS (INSERT INTO workos.holds (_env, stream, cause, deletions, live_rows, reason) VALUES ('default', "
      "'users', 'event', 1, 1, 'many') RETURNING id) INSERT INTO workos.hold_items (hold_id, table_name, id) SELECT "
      "id, "
      "'users', 'user_1' FROM hold");
  CHECK(there() == "f");
  database.execute("UPDATE workos.holds SET state = 'discarded'");
  CHECK(there() == "t");
}

TEST_CASE("wait_for_event refuses what it can't do") {
  TestDatabase database;
  db::Connection connection(database.options(), "test");
  const auto refused = [&](const std::string& sql) {
    return harness::caught_error([&] { connection.raw().send(sql); });
  };
  CHECK_THAT(refused("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT workos.wait_for_event('event_1', '1 s')").what(),
             ContainsSubstring("repeatable read"));
  connection.raw().send("ROLLBACK");
  CHECK_THAT(refused("SELECT workos.wait_for_event('event_1', '1 hour')").what(), ContainsSubstring("10 minutes"));
  CHECK_THAT(refused("SELECT workos.wait_for_event(NULL)").what(), ContainsSubstring("id of an event"));
}

TEST_CASE("an object is waited for until it is that new, and a deleted one is answered") {
  TestDatabase database;
  db::Connection connection(database.options(), "test");
  const auto look = [&](const db::Awaited& awaited) {
    return sync::wait_for(connection, "default", awaited, at_once, {}).sighting;
  };
  CHECK(look(user_since("2026-03-01T12:00:00.123Z")) == Sighting::none);
  database.execute(a_user);
  CHECK(look(user_since("2026-03-01T12:00:00.123Z")) == Sighting::seen);
  CHECK(look(user_since("2026-03-01T12:00:00.124Z")) == Sighting::none);
  CHECK(look({.table = "users", .id = "user_1"}) == Sighting::seen);
  CHECK(look({.table = "users", .id = "user_1", .deletion = true}) == Sighting::none);
  CHECK(look({.table = "organizations", .id = "user_1"}) == Sighting::none);
  CHECK(sync::wait_for(connection, "other", {.table = "users", .id = "user_1"}, at_once, {}).sighting ==
        Sighting::none);
  database.execute("UPDATE workos.users SET _deleted_at = now()");
  CHECK(look(user_since("2027-01-01T00:00:00Z")) == Sighting::deleted);
  CHECK(look({.table = "users", .id = "user_1", .deletion = true}) == Sighting::deleted);
}

TEST_CASE("a wait ends when the object arrives, directly and through a pooler") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled));
  auto waiting = std::async(std::launch::async, [&] {
    auto connection = access.connect("waiter");
    return sync::wait_for(connection, "default", user_since("2026-03-01T12:00:00Z"), long_enough, {}).sighting;
  });
  REQUIRE(wait_until([&] {
    return access.database().count("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '%waiter%'") > 0;
  }));
  access.database().execute(a_user);
  CHECK(waiting.get() == Sighting::seen);
}

TEST_CASE("a wait ends when a stop is requested, and says what keeps the mirror from showing it") {
  TestDatabase database;
  db::Connection connection(database.options(), "test");
  std::stop_source stop;
  stop.request_stop();
  const auto outcome = sync::wait_for(connection, "default", {.event = "event_1"}, long_enough, stop.get_token());
  CHECK(outcome.sighting == Sighting::none);
  CHECK_THAT(outcome.reason, ContainsSubstring("environment default was never mirrored"));
}

TEST_CASE("a listener is woken by a moved feed, and polls where notifications do not reach") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled));
  auto connection = access.connect();
  db::ChangeListener listener(connection);
  CHECK(listener.listens() != connection.is_pooled());
  if (!listener.listens()) return;
  auto own = access.database().connect();
  db::Lease lease("default", "one", std::chrono::seconds(15));
  REQUIRE(lease.try_acquire(own));
  const auto commit = [&](int rows) {
    db::Transaction transaction(own);
    lease.commit(transaction, rows);
  };
  const auto is_woken_within = [&](std::chrono::milliseconds limit) {
    const auto began = std::chrono::steady_clock::now();
    listener.wait(limit);
    return std::chrono::steady_clock::now() - began < limit;
  };
  commit(0);
  CHECK_FALSE(is_woken_within(std::chrono::milliseconds(200)));  // nothing moved
  commit(1);
  CHECK(is_woken_within(long_enough));
}

TEST_CASE("a schema of any name has a channel, and its writers are not disturbed") {
  const auto name = GENERATE(as<std::string>{}, "my \"odd\" schema", std::string(63, 's'));
  TestDatabase database(harness::Content::nothing);
  auto options = database.options();
  options.schema = name;
  db::Connection connection(options, "test");
  db::Migrator(connection).migrate();
  db::Lease lease("default", "one", std::chrono::seconds(15));
  REQUIRE(lease.try_acquire(connection));
  db::Transaction transaction(connection);
  CHECK_NOTHROW(lease.commit(transaction, 1));
  db::ChangeListener listener(connection);
  CHECK(listener.listens());
}

TEST_CASE("what the tail applied is there for who waits, a deletion too") {
  TailFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  db::Connection connection(mirror.database.options(), "test");
  const std::string id = mirror.any(Kind::users);
  const std::string event = "SELECT id FROM workos.events WHERE object_id = '" + id + "' AND type = 'user.deleted'";
  mirror.change([&](simulator::Store& store) { store.erase(Kind::users, id); });
  CHECK(sync::wait_for(connection, "default", {.table = "users", .id = id, .deletion = true}, at_once, {}).sighting ==
        Sighting::none);
  daemon.catch_up();
  CHECK(sync::wait_for(connection, "default", {.table = "users", .id = id, .deletion = true}, at_once, {}).sighting ==
        Sighting::deleted);
  CHECK(sync::wait_for(connection, "default", {.event = mirror.value(event)}, at_once, {}).sighting == Sighting::seen);
}

TEST_CASE("a lost stretch of events is told by freshness until the lists were read anew") {
  TailFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  daemon.catch_up();
  const std::string followed = "SELECT count(*) FROM workos.freshness WHERE state = 'followed'";
  CHECK(mirror.value(followed) == "4");
  mirror.advance(std::chrono::hours(1));
  daemon.tail().restart({});
  daemon.catch_up();
  CHECK(mirror.value(followed) == "0");
  daemon.sweep_all();
  CHECK(mirror.value(followed) == "4");
}

}  // namespace mirror::tests
