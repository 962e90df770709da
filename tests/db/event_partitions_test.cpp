// The archive's partitions are shared by all environments of a database, whose writers know nothing of each other.

#include <thread>

#include "db/event_store.hpp"
#include "db/transaction.hpp"
#include "tests/catch.hpp"
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

TEST_CASE("an environment that keeps its archive for a shorter time drops nothing of another's") {
  TestDatabase database;
  database.execute(
      "CREATE TABLE workos.events_2020_01 PARTITION OF workos.events "
      "FOR VALUES FROM ('2020-01-01 00:00:00+00') TO ('2020-02-01 00:00:00+00')");
  for (const char* environment : {"production", "staging"}) {
    database.execute(std::string("INSERT INTO workos.events (_env, id, created_at, type) VALUES ('") + environment +
                     "', 'event_1', '2020-01-05T00:00:00Z', 'user.created')");
  }
  Connection connection = database.connect();
  const auto drop = [&](const std::string& environment) {
    Transaction transaction(connection);
    const auto dropped = EventStore(environment).drop_partitions_older_than(transaction, 90L * 86'400);
    transaction.commit();
    return dropped;
  };
  CHECK(drop("staging").empty());
  CHECK(database.value("SELECT string_agg(_env, ',') FROM workos.events") == "production");
  CHECK(drop("production") == std::vector<std::string>{"events_2020_01"});
  CHECK_FALSE(exists(database, "workos.events_2020_01"));
}
