// What the database says about the mirror's freshness, on the server itself and on a physical replica.

#include "db/freshness.hpp"

#include <fmt/format.h>

#include "db/migrator.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/harness/database_access.hpp"
#include "tests/harness/private_cluster.hpp"
#include "tests/harness/wait_until.hpp"

using namespace mirror;
using namespace mirror::harness;

namespace {

/// A stream with a certified snapshot that began so long ago.
std::string certified(const std::string& stream, const std::string& age, const std::string& environment = "default") {
  return "WITH snapshot AS (INSERT INTO workos.snapshots (_env, stream, state, started_at, begun_at, finished_at) "
         "VALUES ('" +
         environment + "', '" + stream + "', 'certified', now() - interval '" + age + "', now() - interval '" + age +
         "', now()) RETURNING id)"
         " INSERT INTO workos.streams (_env, stream, last_certified_at, last_certified_id) SELECT '" +
         environment + "', '" + stream + "', now(), id FROM snapshot;";
}

/// A tail that reached the end so long ago.
std::string polled(const std::string& age, const std::string& environment = "default") {
  return "INSERT INTO workos.event_tails (_env, anchor, caught_up_through, polled_at) VALUES ('" + environment +
         "', now() - interval '1 year', now() - interval '" + age + "', now() - interval '" + age + "');";
}

std::string state(TestDatabase& database, const std::string& stream) {
  return database.value("SELECT state FROM workos.freshness WHERE stream = '" + stream + "'");
}

/// What assert_fresh raises; empty: nothing.
std::string refusal(TestDatabase& database, const std::string& arguments) {
  try {
    return database.value("SELECT workos.assert_fresh(" + arguments + ")") == "t" ? "" : "not true";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE(
    "a mirror that is followed is as fresh as its last poll, and assert_fresh says since when and why it is not") {
  TestDatabase database;
  database.execute(certified("users", "30 days") + certified("invitations", "1 hour") + polled("10 min"));
  CHECK(state(database, "users") == "followed");
  CHECK(database.count(
            "SELECT count(*) FROM workos.freshness WHERE age BETWEEN '10 min' AND '12 min' AND lag >= '10 min'") == 2);
  CHECK(refusal(database, "'15 min'").empty());
  CHECK_THAT(refusal(database, "'5 min'"),
             ContainsSubstring("SQLSTATE AM002") && ContainsSubstring("of environment default is as of 2") &&
                 ContainsSubstring("00:10:0") && ContainsSubstring("00:05:00 are allowed") &&
                 ContainsSubstring("events were not read to their end since"));
  database.execute("UPDATE workos.event_tails SET problem = 'the API answers 401', problem_since = now()");
  CHECK_THAT(refusal(database, "'5 min', 'default', 'users'"),
             ContainsSubstring("stream users") && ContainsSubstring("the API answers 401"));
}

TEST_CASE("a snapshot that is newer than the last poll counts, and one without a tail is as old as its beginning") {
  TestDatabase database;
  database.execute(certified("users", "2 min") + certified("invitations", "20 min"));
  CHECK(state(database, "users") == "listed");
  CHECK(refusal(database, "'5 min', stream => 'users'").empty());
  CHECK_THAT(refusal(database, "'5 min'"),
             ContainsSubstring("stream invitations") && ContainsSubstring("events are not followed"));
  database.execute(polled("10 min"));
  CHECK(refusal(database, "'15 min'").empty());
  CHECK(refusal(database, "'5 min', stream => 'users'").empty());
}

TEST_CASE("events that were lost make older snapshots count for their own time only") {
  TestDatabase database;
  database.execute(certified("users", "1 hour") + certified("invitations", "1 min") + polled("1 s"));
  database.execute("UPDATE workos.event_tails SET unbroken_since = now() - interval '10 min'");
  CHECK(state(database, "users") == "listed");
  CHECK(state(database, "invitations") == "followed");
  CHECK_THAT(refusal(database, "'30 min'"), ContainsSubstring("stream users") && ContainsSubstring("were missed"));
}

TEST_CASE("a mirror that is not complete yet says so, and so does what is not mirrored at all") {
  TestDatabase database;
  CHECK_THAT(refusal(database, "'5 min'"), ContainsSubstring("was never mirrored"));
  database.execute(
      certified("users", "1 min") + polled("1 s") +
      "INSERT INTO workos.streams (_env, stream, state, last_started_at) VALUES ('default', 'invitations', "
      "'walking', now()); INSERT INTO workos.streams (_env, stream, state, error) VALUES ('default', "
      "'organizations', 'resting', 'the key is refused')");
  CHECK(state(database, "invitations") == "loading");
  CHECK(state(database, "organizations") == "never");
  CHECK_THAT(refusal(database, "'5 min', stream => 'invitations'"),
             ContainsSubstring("was never complete: its first snapshot is under way"));
  CHECK_THAT(refusal(database, "'5 min', stream => 'organizations'"), ContainsSubstring("the key is refused"));
  CHECK_THAT(refusal(database, "'5 min'"), ContainsSubstring("was never complete"));
  CHECK_THAT(refusal(database, "'5 min', stream => 'organization_memberships'"),
             ContainsSubstring("stream organization_memberships is not mirrored: it is disabled"));
  CHECK_THAT(refusal(database, "'5 min', 'prod'"), ContainsSubstring("environment prod was never mirrored"));
  CHECK(refusal(database, "'5 min', 'default', 'users'").empty());
}

TEST_CASE("environments are told apart, and without a name the oldest counts") {
  TestDatabase database;
  database.execute(certified("users", "1 hour") + polled("1 s") + certified("users", "1 hour", "b") +
                   polled("1 h", "b"));
  CHECK(refusal(database, "'5 min', 'default'").empty());
  CHECK_THAT(refusal(database, "'5 min', 'b'"), ContainsSubstring("environment b"));
  CHECK_THAT(refusal(database, "'5 min'"), ContainsSubstring("environment b"));
}

TEST_CASE("holds and quarantine stand beside each stream, a domain's with its organizations") {
  TestDatabase database;
  database.execute(certified("users", "1 min") + certified("organizations", "1 min") + polled("1 s") +
                   "INSERT INTO workos.holds (_env, stream, cause, deletions, live_rows, reason) VALUES ('default', "
                   "'users', 'sweep', 9, 9, 'many'), ('default', 'organization_domains', 'sweep', 9, 9, 'many'), ('b', "
                   "'users', 'sweep', 9, 9, 'many');"
                   "INSERT INTO workos.quarantine (_env, table_name, id, error) VALUES ('default', 'users', 'x', 'y')");
  CHECK(database.rows("SELECT stream, open_holds, quarantined FROM workos.freshness ORDER BY 1") ==
        std::vector<std::vector<std::string>>{{"organizations", "1", "0"}, {"users", "1", "1"}});
}

TEST_CASE("an age that is none is refused") {
  TestDatabase database;
  CHECK_THAT(refusal(database, "'-1 s'"), ContainsSubstring("SQLSTATE 22023"));
  CHECK_THAT(refusal(database, "NULL"), ContainsSubstring("SQLSTATE 22023"));
}

TEST_CASE("on a physical replica its own lag counts") {
  PrivateCluster primary;
  TestDatabase database(primary.url(), Content::migrated_schema);
  database.execute(certified("users", "1 hour") + polled("1 s"));
  const PrivateCluster replica(primary, Fsync::off);
  db::DatabaseOptions options;
  options.url = replica.url(database.name());
  db::Connection connection(options, "test");
  const auto stale = [&](std::chrono::milliseconds most) {
    db::Transaction transaction(connection);
    return db::find_staleness(transaction, most, "default");
  };
  const auto ask = [&](const std::string& sql) {
    db::Transaction transaction(connection);
    return std::string(db::view(transaction.run(sql)[0][0]));
  };
  REQUIRE(ask("SELECT pg_is_in_recovery()") == "t");
  CHECK_FALSE(stale(std::chrono::hours(1)));

  // What is polled on the primary from now on reaches the replica, and is not replayed: there the last poll grows old.
  REQUIRE(
      wait_until([&] { return ask("SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'") == "1"; }));
  database.execute("UPDATE workos.event_tails SET polled_at = clock_timestamp()");
  const auto has_received = [&](const char* what) {
    const std::string position = database.value("SELECT pg_current_wal_flush_lsn()");
    return wait_until([&] { return ask(fmt::format("SELECT {} >= '{}'", what, position)) == "t"; });
  };
  REQUIRE(has_received("pg_last_wal_replay_lsn()"));
  ask("SELECT pg_wal_replay_pause()");
  REQUIRE(wait_until([&] { return ask("SELECT pg_is_wal_replay_paused()") == "t"; }));
  database.execute("UPDATE workos.event_tails SET polled_at = clock_timestamp() + interval '1 day'");
  REQUIRE(has_received("pg_last_wal_receive_lsn()"));
  REQUIRE(wait_until([&] { return stale(std::chrono::seconds(2)).has_value(); }));
  const auto found = stale(std::chrono::seconds(2));
  CHECK_THAT(found->message,
             ContainsSubstring("this server is a replica") && ContainsSubstring("its replay is paused"));
  CHECK_THAT(caught_error([&] { ask("SELECT workos.assert_fresh('2 s')"); }).what(), ContainsSubstring("AM002"));
  CHECK(refusal(database, "'2 s'").empty());  // on the primary

  ask("SELECT pg_wal_replay_resume()");
  CHECK(wait_until([&] { return !stale(std::chrono::seconds(2)); }));
}
