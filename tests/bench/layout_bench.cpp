#include <fmt/format.h>

#include <string>
#include <vector>

#include "tests/bench/bench_site.hpp"
#include "tests/bench/sync_scenarios.hpp"

namespace mirror::bench {
namespace {

const std::vector<std::string> streams{"organizations", "users", "organization_memberships"};

/// How much of a table's raw COPY goes into each of its secondary indexes, and the bytes that it takes.
void measure_indexes(Results& results, BenchMirror& mirror, const std::string& table) {
  auto& database = mirror.database();
  const double rows = static_cast<double>(mirror.count(table));
  const double with_all = mirror.seconds_of_raw_copy(table);
  const auto indexes = database.rows(
      fmt::format("SELECT indexname, indexdef, pg_relation_size(format('%I.%I', schemaname, indexname)::regclass) "
                  "FROM pg_indexes WHERE schemaname = 'workos' AND tablename = '{}' ORDER BY indexname",
                  table));
  for (const auto& index : indexes) {
    const bool is_key = index[0] == table + "_pkey";
    results.add(index[0] + ": size", "bytes/row", std::stod(index[2]) / rows);
    if (is_key) continue;
    database.execute("DROP INDEX workos." + index[0]);
    const double without = mirror.seconds_of_raw_copy(table);
    results.add(index[0] + ": share of the raw COPY", "", (with_all - without) / with_all);
    database.execute(index[1]);
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
        cost.wal_bytes / static_cast<double>(users));
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
  {
    const BenchSource source(sizes.users, sizes.organizations, sizes.memberships);
    BenchMirror mirror(source);
    mirror.sync(streams);
    for (const char* table : {"users", "organization_memberships"}) measure_indexes(results, mirror, table);
  }
  const BenchSource source(sizes.users, 0, 0);
  for (const int fillfactor : {100, 90, 75}) measure_fillfactor(results, source, sizes.users, fillfactor);
}

}  // namespace mirror::bench
