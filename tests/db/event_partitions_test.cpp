// The archive's partitions are shared by all environments of a database, whose writers know nothing of each other.

#include <fmt/core.h>

#include <thread>

#include "db/event_store.hpp"
#include "db/feed_retention.hpp"
#include "tests/catch.hpp"
#include "tests/harness/rows_read.hpp"
#include "tests/harness/test_database.hpp"
#include "tests/harness/wait_until.hpp"

using namespace mirror;
using namespace mirror::db;
using namespace mirror::harness;

namespace {

bool somebody_waits(TestDatabase& database) {
  return database.count(
             "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
             "AND wait_event_type = 'Lock'") > 0;
}

bool exists(TestDatabase& database, const std::string& table) {
  return database.value("SELECT to_regclass('" + table + "') IS NOT NULL") == "t";
}

/// Makes the feed's first month, which takes all that is older too, one of 2020.
void age_feed(TestDatabase& database) {
  database.execute("ALTER TABLE workos." +
                   database.value("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', '\"changes_\"YYYY_MM')") +
                   " RENAME TO changes_2020_01");
}

}  // namespace

TEST_CASE("the writers of two environments that need the same new partition get it one after the other") {
  TestDatabase database;
  Connection first = database.connect();
  Connection second = database.connect();
  Transaction ahead(first);
  EventStore("production").prepare_partitions(ahead);
  std::string failure;
  {
    const std::jthread other([&] {
      try {
        Transaction behind(second);
        EventStore("staging").prepare_partitions(behind);
        behind.commit();
      } catch (const std::exception& error) {
        failure = error.what();
      }
    });
    CHECK(wait_until([&] { return somebody_waits(database); }));
    ahead.commit();
  }
  CHECK(failure == "");
}

TEST_CASE(
    "an environment that keeps its archive for a shorter time drops nothing of another's, and goes step by step") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE workos.events_2020_01 PARTITION OF workos.events "
      "FOR VALUES FROM ('2020-01-01 00:00:00+00') TO ('2020-02-01 00:00:00+00')");
  database.execute(
      "INSERT INTO workos.events (_env, id, created_at, type) SELECT env, 'event_' || n, '2020-01-05Z', 'user.created' "
      "FROM (VALUES ('production', 1), ('staging', 3)) AS kept (env, most), generate_series(1, most) AS n");
  Connection connection = database.connect();
  const auto old_months = [&] {
    Transaction transaction(connection);
    return EventStore("staging").months_older_than(transaction, 90L * 86'400);
  };
  const auto months = old_months();
  REQUIRE(months.size() == 1);
  REQUIRE(months.front().name == "events_2020_01");
  auto of_staging = months.front();
  auto of_production = months.front();
  const auto forget = [&](const std::string& environment, OldMonth& month) {
    Transaction transaction(connection);
    const auto outcome = EventStore(environment).forget(transaction, month, 2);
    transaction.commit();
    return outcome;
  };
  const auto kept = [&] { return database.value("SELECT string_agg(_env || id, ' ') FROM workos.events"); };
  CHECK(forget("staging", of_staging) == Forgetting::unfinished);
  CHECK(kept() == "productionevent_1 stagingevent_3");
  CHECK(forget("staging", of_staging) == Forgetting::kept);
  CHECK(kept() == "productionevent_1");
  CHECK(forget("production", of_production) == Forgetting::dropped);
  CHECK_FALSE(exists(database, "workos.events_2020_01"));
  // Whoever has listed it before finds it gone.
  CHECK(forget("staging", of_staging) == Forgetting::kept);
  auto unseen = months.front();
  CHECK(forget("staging", unseen) == Forgetting::kept);
}

TEST_CASE("history begins after the newest change of a month that goes, however many steps it takes to read it") {
  TestDatabase database;
  age_feed(database);
  // The newest is neither the first nor the last; another environment's changes say nothing.
  database.execute(
      "INSERT INTO workos.changes (_env, seq, table_name, id, op, via, observed_at, changed_at) "
      "SELECT env, n, 'users', 'user_1', 'update', 'event', '2020-01-10Z'::timestamptz + at * interval '1 day', "
      "'2020-01-20Z' FROM (VALUES ('production', 1, 1), ('production', 2, 2), ('production', 3, 5), "
      "('production', 4, 1), ('production', 5, 3), ('staging', 1, 9)) AS made (env, n, at)");
  database.execute(
      "INSERT INTO workos.streams (_env, stream, history_since) "
      "VALUES ('production', 'users', '2020-01-02Z'), ('staging', 'users', '2020-01-02Z')");
  database.execute(
      "INSERT INTO workos.event_tails (_env, anchor, caught_up_through) VALUES ('production', now(), now())");
  Connection connection = database.connect();
  const FeedRetention feed("production");
  const auto since = [&](const std::string& environment) {
    return database.value("SELECT (history_since AT TIME ZONE 'UTC')::date FROM workos.streams WHERE _env = '" +
                          environment + "'");
  };
  Transaction looking(connection);
  auto months = feed.months_older_than(looking, 90L * 86'400);
  looking.commit();
  REQUIRE(months.size() == 1);
  std::vector<Forgetting> outcomes;
  do {
    Transaction transaction(connection);
    outcomes.push_back(feed.forget(transaction, months.front(), 2));
    transaction.commit();
    // Nothing goes before history has been told.
    if (since("production") == "2020-01-02") CHECK(database.count("SELECT count(*) FROM workos.changes") == 6);
  } while (outcomes.back() == Forgetting::unfinished);
  CHECK(outcomes.size() == 5);  // three to read it, with the third of which the first two changes go
  CHECK(outcomes.back() == Forgetting::kept);
  CHECK(since("production") == "2020-01-15");
  CHECK(since("staging") == "2020-01-02");
  CHECK(database.value("SELECT string_agg(_env, ' ') FROM workos.changes") == "staging");
}

TEST_CASE("whether a month may go is asked of its indexes, not of its rows") {
  constexpr int stored = 5'000;
  TestDatabase database;
  age_feed(database);
  database.execute(
      "CREATE TABLE workos.events_2020_01 PARTITION OF workos.events "
      "FOR VALUES FROM ('2020-01-01 00:00:00+00') TO ('2020-02-01 00:00:00+00')");
  for (const char* table : {"events", "changes"}) {
    database.execute(fmt::format("ALTER TABLE workos.{}_2020_01 SET (autovacuum_enabled = off)", table));
  }
  database.execute(
      fmt::format("INSERT INTO workos.events (_env, id, created_at, type) "
                  "SELECT 'default', 'event_' || n, '2020-01-05Z', 'user.created' FROM generate_series(1, {}) AS n",
                  stored));
  database.execute(
      fmt::format("INSERT INTO workos.changes (_env, seq, table_name, id, op, via, observed_at, changed_at) "
                  "SELECT 'default', n, 'users', 'user_1', 'update', 'event', '2020-01-05Z', '2020-01-05Z' "
                  "FROM generate_series(1, {}) AS n",
                  stored));
  database.execute("ANALYZE");
  Connection connection = database.connect();
  Transaction transaction(connection);
  transaction.run(
      "INSERT INTO workos.events (_env, id, created_at, type) "
      "VALUES ('other', 'event_1', '2020-01-05Z', 'user.created')");
  transaction.run(
      "INSERT INTO workos.changes (_env, seq, table_name, id, op, via, observed_at, changed_at) "
      "VALUES ('other', 1, 'users', 'user_1', 'update', 'event', '2020-01-05Z', '2020-01-05Z')");
  OldMonth of_archive{"events_2020_01"};
  CHECK(EventStore("default").forget(transaction, of_archive, 10) == Forgetting::unfinished);
  FeedMonth month{{"changes_2020_01"}, stored, std::nullopt, true};
  CHECK(FeedRetention("default").forget(transaction, month, 10) == Forgetting::unfinished);
  CHECK(rows_read(transaction, "events_2020_01") <= 50);
  CHECK(rows_read(transaction, "changes_2020_01") <= 50);
}
