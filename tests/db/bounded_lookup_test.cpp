// What a statement reads is bounded by what it is asked about, whatever the planner believes about the table: it may
// know nothing of it, of this environment, or of the dead in it.

#include <fmt/format.h>

#include "db/change_feed.hpp"
#include "db/mirror_tables.hpp"
#include "model/streams.hpp"
#include "tests/catch.hpp"
#include "tests/harness/rows_read.hpp"
#include "tests/harness/test_database.hpp"

namespace mirror::db {
namespace {

using harness::rows_read;

constexpr int stored = 20'000;
constexpr Instant now{1'780'272'000'000'000};

/// `stored` members of one organization, each a user of its own.
void fill(harness::TestDatabase& database, const std::string& environment) {
  database.execute("ALTER TABLE workos.users SET (autovacuum_enabled = off)");
  database.execute("ALTER TABLE workos.organization_memberships SET (autovacuum_enabled = off)");
  const auto insert = [&](const char* table, const char* prefix, const char* columns, const char* values) {
    database.execute(
        fmt::format("INSERT INTO workos.{} (_env, id, created_at, updated_at, _raw, _hash, _observed_at{}) "
                    "SELECT '{}', '{}_' || lpad(n::text, 9, '0'), '2026-01-01Z', '2026-01-01Z', '{{}}', "
                    "'\\x00', '2026-01-01Z'{} FROM generate_series(1, {}) n",
                    table, columns, environment, prefix, values, stored));
  };
  insert("users", "user", "", "");
  insert("organization_memberships", "om", ", organization_id, user_id", ", 'org_1', 'user_' || lpad(n::text, 9, '0')");
}

std::string user(int n) {
  return fmt::format("user_{:09}", n);
}

/// What the planner can know of the table: nothing, all but this environment, or all but that anybody is dead.
void prepare(harness::TestDatabase& database, const std::string& knowledge) {
  if (knowledge == "nothing") return fill(database, "default");
  if (knowledge == "another environment") {
    fill(database, "other");
    database.execute("ANALYZE");
    return fill(database, "default");
  }
  fill(database, "default");
  database.execute("ANALYZE");
}

std::vector<Death> deaths(int count) {
  std::vector<Death> made;
  for (int n = 1; n <= count; ++n) made.push_back({user(n), now, fmt::format("event_{:09}", n), now});
  return made;
}

}  // namespace

TEST_CASE("deaths are written by reading the rows that die") {
  const std::string knowledge = GENERATE("nothing", "another environment", "nobody dead");
  CAPTURE(knowledge);
  harness::TestDatabase database;
  prepare(database, knowledge);
  Connection connection = database.connect();
  const MirrorTables tables(connection, "default");
  const auto& users = tables.rows(*find_table("users"));
  const auto& memberships = tables.rows(*find_table("organization_memberships"));
  Transaction transaction(connection);
  ChangeFeed feed("default", 1);

  REQUIRE(users.bury(transaction, "id", deaths(50), DeletedBy::event, feed) == 50);
  REQUIRE(memberships.bury(transaction, "user_id", deaths(50), DeletedBy::cascade, feed) == 50);
  CHECK(rows_read(transaction, "users") <= 100);
  CHECK(rows_read(transaction, "organization_memberships") <= 100);

  std::vector<std::string> ids;
  std::vector<FeedEntry> entries;
  for (int n = 101; n <= 150; ++n) ids.push_back(user(n));
  for (const auto& id : ids) entries.push_back({id, "update", "event", now, {}, "event_9"});
  feed.record(transaction, "users", entries);
  CHECK(rows_read(transaction, "users") <= 150);
  REQUIRE(tables.rows(*find_table("organization_memberships"))
              .count_live_by(transaction, "user_id", {ids.begin(), ids.end()})
              .size() == 50);
  CHECK(rows_read(transaction, "organization_memberships") <= 150);
}

TEST_CASE("the dead are confirmed and dated by reading those asked for, also if statistics know of no dead") {
  harness::TestDatabase database;
  prepare(database, "nobody dead");
  for (const char* table : {"users", "organization_memberships"}) {
    database.execute(fmt::format("UPDATE workos.{} SET _deleted_at = '2026-06-01Z', _deleted_by = 'sweep'", table));
  }
  Connection connection = database.connect();
  const MirrorTables tables(connection, "default");
  Transaction transaction(connection);
  ChangeFeed feed("default", 1);

  tables.rows(*find_table("users")).confirm_deaths(transaction, deaths(50));
  CHECK(rows_read(transaction, "users") <= 50);
  tables.rows(*find_table("organization_memberships")).date_deaths(transaction, "user_id", deaths(50), feed);
  CHECK(feed.rows() == 50);
  CHECK(rows_read(transaction, "organization_memberships") <= 50);
}

TEST_CASE("live rows are counted only as far as asked, and samples are taken from the ends") {
  harness::TestDatabase database;
  prepare(database, GENERATE("another environment", "nobody dead"));
  Connection connection = database.connect();
  const MirrorTables tables(connection, "default");
  const auto& memberships = tables.rows(*find_table("organization_memberships"));
  Transaction transaction(connection);

  CHECK(memberships.sample_ids(transaction, 3).size() == 6);
  CHECK(rows_read(transaction, "organization_memberships") <= 6);
  CHECK(memberships.count_live(transaction, 1'000) == 1'000);
  CHECK(rows_read(transaction, "organization_memberships") <= 1'006);
  CHECK(memberships.count_live(transaction, stored + 1) == stored);
  CHECK(memberships.count_live(transaction) == stored);
}

TEST_CASE("deletions that join a large hold are counted without reading it") {
  harness::TestDatabase database;
  database.execute(
      "INSERT INTO workos.holds (_env, stream, cause, deletions, live_rows, reason) "
      "VALUES ('default', 'users', 'event', 5000, 100000, 'many')");
  database.execute(
      "INSERT INTO workos.hold_items (hold_id, table_name, id) SELECT id, 'users', 'user_' || lpad(n::text, 9, '0') "
      "FROM workos.holds, generate_series(1, 5000) AS n");
  Connection connection = database.connect();
  const HoldStore holds("default");
  Transaction transaction(connection);
  HoldRecord hold;
  hold.stream = "users";
  const std::string later = "2026-06-02T00:00:00Z";
  const auto [id, added] =
      holds.join(transaction, hold, {{user(4'999), "event_1", later, 3}, {user(5'001), "event_2", later, 7}});
  CHECK(added == 1);
  CHECK(rows_read(transaction, "hold_items") <= 10);
  const auto joined = holds.read(transaction, id);
  CHECK(joined->deletions == 5'001);
  CHECK(joined->cascades == 7);
  CHECK(holds.read_items(transaction, id).size() == 5'001);
  CHECK(read_text(transaction.run("SELECT through = '2026-06-02Z' FROM workos.holds"), 0, 0) == "t");
}

TEST_CASE("candidates are withdrawn and walks touched by reading those asked for") {
  harness::TestDatabase database;
  database.execute(
      "INSERT INTO workos.candidates (snapshot_id, table_name, id, scope) "
      "SELECT 1, 'users', 'user_' || lpad(n::text, 9, '0'), '' FROM generate_series(1, 20000) AS n");
  database.execute(
      "INSERT INTO workos.walks (_env, stream, scope, snapshot_id, state) "
      "SELECT 'default', 'organization_memberships', 'org_' || n, 1, 'proven' FROM generate_series(1, 20000) AS n");
  if (GENERATE(true, false)) database.execute("ANALYZE");
  Connection connection = database.connect();
  const WalkStore walks("default");
  Transaction transaction(connection);
  CHECK(walks.withdraw(transaction, 1, {user(7), user(9)}) == 2);
  CHECK(rows_read(transaction, "candidates") <= 4);
  walks.touch(transaction, "organization_memberships", {"org_7", "org_9", "org_x"}, now);
  CHECK(rows_read(transaction, "walks") <= 4);
  CHECK(read_number(transaction.run("SELECT count(*) FROM workos.walks WHERE touched_at IS NOT NULL"), 0, 0) == 2);
}

TEST_CASE("scopes that are still to be walked are found by looking at each scope's walk once") {
  harness::TestDatabase database;
  constexpr int scopes = 2'000;
  for (const char* table : {"organizations", "walks"}) {
    database.execute(fmt::format("ALTER TABLE workos.{} SET (autovacuum_enabled = off)", table));
  }
  database.execute(
      fmt::format("INSERT INTO workos.organizations (_env, id, created_at, updated_at, _raw, _hash, _observed_at) "
                  "SELECT 'default', 'org_' || n, '2026-01-01Z', '2026-01-01Z', '{{}}', '\\x00', '2026-01-01Z' "
                  "FROM generate_series(1, {}) n",
                  scopes));
  const bool walks_are_new = GENERATE(true, false);
  const std::string analyze = GENERATE("ANALYZE workos.organizations", "ANALYZE workos.walks", "SELECT");
  if (walks_are_new) database.execute(analyze);
  database.execute(
      fmt::format("INSERT INTO workos.walks (_env, stream, scope, snapshot_id, state, certified_at) "
                  "SELECT 'default', 'organization_memberships', 'org_' || n, 1, 'proven', '2026-01-02Z' "
                  "FROM generate_series(2, {}) AS n",
                  scopes));
  if (!walks_are_new) database.execute(analyze);
  CAPTURE(walks_are_new, analyze);
  Connection connection = database.connect();
  const WalkStore walks("default");
  Transaction transaction(connection);
  const auto left = walks.scopes_to_walk(transaction, "organizations", "organization_memberships", 1);
  REQUIRE(left.size() == 1);
  CHECK(left.front().id == "org_1");
  CHECK_FALSE(left.front().walked_before);
  CHECK(rows_read(transaction, "walks") <= 2 * scopes);
}

}  // namespace mirror::db
