#include "db/row_store.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <vector>

#include "db/result_reader.hpp"
#include "db/transaction.hpp"
#include "model/streams.hpp"
#include "tests/catch.hpp"
#include "tests/harness/test_database.hpp"

namespace mirror::db {
namespace {

constexpr int stored = 20'000;
constexpr int wanted = 2'400;  // what the writer asks for at once when pages wait for it

/// Rows that nobody has analysed yet, as throughout a first load.
void fill_users(harness::TestDatabase& database) {
  database.execute("ALTER TABLE workos.users SET (autovacuum_enabled = off)");
  database.execute(fmt::format(
      "INSERT INTO workos.users (_env, id, created_at, updated_at, _hash, _observed_at) "
      "SELECT 'default', 'user_' || lpad(n::text, 9, '0'), now(), now(), '\\x00', now() FROM generate_series(1, {}) n",
      stored));
}

std::int64_t rows_read(Transaction& transaction) {
  const auto result = transaction.run(
      "SELECT seq_tup_read + COALESCE(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = 'users'");
  return read_number(result, 0, 0);
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
  REQUIRE(rows_read(transaction) == 101);

  REQUIRE(users.read_dead(transaction, {ids.begin(), ids.end()}).empty());
  REQUIRE(rows_read(transaction) <= 202);
}

}  // namespace mirror::db
