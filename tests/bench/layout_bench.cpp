#include <fmt/format.h>

#include <string>

#include "tests/bench/bench_site.hpp"
#include "tests/bench/sync_scenarios.hpp"

namespace mirror::bench {
namespace {

/// How much of a table's raw COPY goes into each of its secondary indexes, and the bytes that it takes. The table may
/// be partitioned.
void measure_indexes(Results& results, BenchMirror& mirror, const std::string& table) {
  auto& database = mirror.database();
  const auto rows = static_cast<double>(database.count("SELECT count(*) FROM workos." + table));
  const double with_all = mirror.seconds_of_raw_copy(table);
  // An index of a partitioned table is as large as its parts.
  const auto indexes = database.rows(fmt::format(
      "SELECT indexname, replace(indexdef, ' ON ONLY ', ' ON '), (SELECT sum(pg_relation_size(part)) FROM "
      "(SELECT whole UNION ALL SELECT inhrelid FROM pg_inherits WHERE inhparent = whole) AS parts (part)) "
      "FROM pg_indexes, LATERAL (SELECT format('%I.%I', schemaname, indexname)::regclass::oid) AS index (whole) "
      "WHERE schemaname = 'workos' AND tablename = '{}' ORDER BY indexname",
      table));
  for (const auto& index : indexes) {
    const bool is_key = index[0] == table + "_pkey";
    results.add(index[0] + ": size", "bytes/row", std::stod(index[2]) / rows);
    if (is_key) continue;
    database.execute("DROP INDEX workos." + index[0]);
    const double without = mirror.seconds_of_raw_copy(table);
    results.add(index[0] + ": share of the raw COPY", "", (with_all - without) / with_all);
    results.add(index[0] + ": time in the raw COPY", "us/row", (with_all - without) * 1e6 / rows);
    database.execute(index[1]);
  }
}

/// Users and memberships, and what grows with their changes: the feed, and the candidates of a walk that misses users.
void measure_indexes_of_members(Results& results, const SyncSizes& sizes) {
  const BenchSource source(sizes.users, sizes.organizations, sizes.memberships);
  BenchMirror mirror(source);
  mirror.sync({"organizations", "users", "organization_memberships"});
  source.control("POST", "/_simulator/changes",
                 fmt::format(R"({{"seed":1,"users":{{"update":{},"event":false}}}})", sizes.users));
  mirror.sync({"users"});
  mirror.database().execute(
      "INSERT INTO workos.candidates (snapshot_id, table_name, id, scope) SELECT 1, 'users', id, '' FROM workos.users");
  mirror.settle();
  for (const char* table : {"users", "organization_memberships", "changes", "candidates"}) {
    measure_indexes(results, mirror, table);
  }
}

/// Organizations, more of them than anybody's members are spread over, and invitations.
void measure_indexes_of_lists(Results& results, const SyncSizes& sizes) {
  const BenchSource source(1'000, sizes.users / 2, 0, {"--invitations", std::to_string(sizes.invitations)});
  BenchMirror mirror(source);
  mirror.sync({"organizations", "invitations"});
  mirror.settle();
  for (const char* table : {"organizations", "organization_domains", "invitations"}) {
    measure_indexes(results, mirror, table);
  }
}

/// What free space left in each page does for updates that follow: how many stay in their page and touch no index.
void measure_fillfactor(Results& results, const BenchSource& source, std::size_t users, int fillfactor) {
  constexpr int sweeps = 3;
  constexpr int percent = 10;
  static std::size_t seed = 1'000;
  BenchMirror mirror(source);
  auto& database = mirror.database();
  database.execute(fmt::format("ALTER TABLE workos.users SET (fillfactor = {})", fillfactor));
  const auto add = [&](const std::string& quantity, const std::string& unit, double value) {
    results.add(fmt::format("users, fillfactor {}: {}", fillfactor, quantity), unit, value);
  };
  add("first load", "rows/s", static_cast<double>(users) / mirror.sync({"users"}).seconds);
  add("size after it", "bytes/row",
      std::stod(database.value("SELECT pg_table_size('workos.users')")) / static_cast<double>(users));
  for (int i = 0; i < sweeps; ++i) {
    mirror.settle();
    source.control(
        "POST", "/_simulator/changes",
        fmt::format(R"({{"seed":{},"users":{{"update":{},"event":false}}}})", ++seed, users * percent / 100));
    const auto cost = mirror.sync({"users"});
    add(fmt::format("sweep {}, {} % changed", i + 1, percent), "rows/s", static_cast<double>(users) / cost.seconds);
    add(fmt::format("sweep {}, {} % changed: WAL", i + 1, percent), "bytes/row",
        cost.database.wal_bytes / static_cast<double>(users));
  }
  database.execute("SELECT pg_stat_clear_snapshot()");
  add("updates that touched no index", "",
      std::stod(database.value("SELECT n_tup_hot_upd::float8 / n_tup_upd FROM pg_stat_user_tables "
                               "WHERE schemaname = 'workos' AND relname = 'users'")));
  add("size at the end", "bytes/row",
      std::stod(database.value("SELECT pg_table_size('workos.users')")) / static_cast<double>(users));
}

}  // namespace

void measure_layout(Results& results, const SyncSizes& sizes) {
  measure_indexes_of_members(results, sizes);
  measure_indexes_of_lists(results, sizes);
  const BenchSource source(sizes.users, 0, 0);
  for (const int fillfactor : sizes.fillfactors) measure_fillfactor(results, source, sizes.users, fillfactor);
}

}  // namespace mirror::bench
