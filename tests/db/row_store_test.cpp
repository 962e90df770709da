#include "db/row_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "db/change_feed.hpp"
#include "db/mirror_tables.hpp"
#include "model/streams.hpp"
#include "tests/catch.hpp"
#include "tests/harness/rows_read.hpp"
#include "tests/harness/test_database.hpp"

namespace mirror::db {
namespace {

using harness::rows_read;

constexpr int stored = 40'000;
constexpr int wanted = 2'400;  // what the writer asks for at once when pages wait for it

/// Rows that nobody has analysed yet, as throughout a first load.
void fill_users(harness::TestDatabase& database) {
  database.execute("ALTER TABLE workos.users SET (autovacuum_enabled = off)");
  database.execute(fmt::format(
      "INSERT INTO workos.users (_env, id, created_at, updated_at, _hash, _observed_at) "
      "SELECT 'default', 'user_' || lpad(n::text, 9, '0'), now(), now(), '\\x00', now() FROM generate_series(1, {}) n",
      stored));
}

}  // namespace

TEST_CASE("a lookup by id reads only the rows asked for, also in a table without statistics") {
  harness::TestDatabase database;
  fill_users(database);
  std::vector<std::string> ids;
  for (int n = stored - 100; n < stored - 100 + wanted; ++n) ids.push_back(fmt::format("user_{:09}", n));
  Connection connection = database.connect();
  const RowStore users(connection, *find_table("users"), "default");
  Transaction transaction(connection);

  RowStates states;
  users.read_states(transaction, {ids.begin(), ids.end()}, states);
  REQUIRE(states.size() == 101);
  REQUIRE(rows_read(transaction, "users") == 101);

  REQUIRE_FALSE(users.has_dead(transaction));
  REQUIRE(rows_read(transaction, "users") == 101);
  // Which is why nobody asks for them one by one. Who does reads those asked for, and no others.
  REQUIRE(users.read_dead(transaction, {ids.begin(), ids.end()}).empty());
  REQUIRE(rows_read(transaction, "users") == 202);
}

TEST_CASE("a lookup of the dead reads only those asked for, also if they died after the last statistics") {
  const int died = GENERATE(4'000, 35'000);  // of the latter an index has a level more
  harness::TestDatabase database;
  fill_users(database);
  database.execute("ANALYZE workos.users");
  database.execute(
      fmt::format("UPDATE workos.users SET _deleted_at = now(), _deleted_by = 'event' WHERE id <= 'user_{:09}'", died));
  std::vector<std::string> ids;
  for (int n = died - 100; n < died + 100; ++n) ids.push_back(fmt::format("user_{:09}", n));
  Connection connection = database.connect();
  const RowStore users(connection, *find_table("users"), "default");
  Transaction transaction(connection);

  REQUIRE(users.read_dead(transaction, {ids.begin(), ids.end()}).size() == 101);
  REQUIRE(rows_read(transaction, "users") == 200);
}

TEST_CASE("ranges of lists are read with one query, which reads no other rows") {
  harness::TestDatabase database;
  database.execute("ALTER TABLE workos.organization_memberships SET (autovacuum_enabled = off)");
  database.execute(
      "INSERT INTO workos.organization_memberships (_env, id, organization_id, created_at, _hash, _observed_at) "
      "SELECT 'default', 'om_' || o || '_' || m, 'org_' || o, '2026-01-01Z'::timestamptz + m * interval '1 s', "
      "'\\x00', "
      "now() FROM generate_series(1, 100) AS o, generate_series(1, 50) AS m");
  Connection connection = database.connect();
  const RowStore memberships(connection, *find_table("organization_memberships"), "default");
  Transaction transaction(connection);
  const auto second = [](int n) { return parse_instant(fmt::format("2026-01-01T00:00:{:02}Z", n)); };

  RowStates states;
  const auto ids = memberships.read_states_in(
      transaction,
      {{"org_7", {}, second(3)}, {"org_9", second(49), {}}, {"org_8", second(5), second(6)}, {"org_x", {}, {}}},
      "organization_id", states);
  REQUIRE(ids.size() == 4);
  CHECK(ids[0] == std::vector<std::string>{"om_7_1", "om_7_2"});
  CHECK(ids[1] == std::vector<std::string>{"om_9_49", "om_9_50"});
  CHECK(ids[2] == std::vector<std::string>{"om_8_5"});
  CHECK(ids[3].empty());
  CHECK(states.size() == 5);
  CHECK(rows_read(transaction, "organization_memberships") == 5);

  states.clear();
  const auto everywhere = memberships.read_states_in(transaction, {{"", second(50), {}}}, "organization_id", states);
  CHECK(everywhere.front().size() == 100);
}

TEST_CASE("a death in the tick of the last observation is one of a row that lived") {
  constexpr Instant tick{1'780'272'000'000'000};
  constexpr Instant before{tick.microseconds - 1};
  harness::TestDatabase database;
  database.execute("INSERT INTO workos.users (_env, id, _hash, _observed_at) VALUES ('default', 'user_a', '\\x00', '" +
                   mirror::to_string(tick) + "')");
  Connection connection = database.connect();
  const RowStore users(connection, *find_table("users"), "default");
  Transaction transaction(connection);
  ChangeFeed feed("default", 1);

  // It arrives dead, so it never lived here.
  users.add_tombstones(transaction, {{"user_b", tick, "event_1"}});
  REQUIRE(users.deaths_by_event(transaction, before).empty());
  REQUIRE(users.bury(transaction, "id", {{"user_a", tick, "event_2"}}, DeletedBy::event, feed) == 1);
  REQUIRE(users.deaths_by_event(transaction, before).size() == 1);
}

TEST_CASE("live children are counted by parent, dead and foreign ones not") {
  harness::TestDatabase database;
  database.execute(
      "INSERT INTO workos.organization_memberships (_env, id, user_id, _hash, _observed_at, _deleted_at, _deleted_by) "
      "SELECT env, env || id, parent, '\\x00', now(), CASE WHEN dead THEN now() END, CASE WHEN dead THEN 'sweep' END "
      "FROM (VALUES ('default', '1', 'user_a', false), ('default', '2', 'user_a', false), "
      "('default', '3', 'user_a', true), ('default', '4', 'user_b', true), ('other', '5', 'user_a', false), "
      "('default', '6', 'user_c', false)) AS member (env, id, parent, dead)");
  Connection connection = database.connect();
  const MirrorTables tables(connection, "default");
  Transaction transaction(connection);

  const auto& users = *find_table("users");
  const auto each = count_children_of_each(transaction, tables, users, {"user_a", "user_b", "user_a"});
  const auto* memberships = find_table("organization_memberships");
  REQUIRE(each.size() == 1);
  REQUIRE(each.at("user_a") == ChildCounts{{memberships, 2}});
  const auto all = count_children(transaction, tables, users, {"user_a", "user_b", "user_c"});
  REQUIRE(std::ranges::count(all, std::pair<const TableSpec*, long>(memberships, 3)) == 1);
}

}  // namespace mirror::db
