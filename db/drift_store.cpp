#include "db/drift_store.hpp"

#include <fmt/core.h>

#include "db/result_reader.hpp"
#include "db/transaction.hpp"

namespace mirror::db {

void DriftStore::add(Transaction& transaction, std::int64_t snapshot_id, const DriftCount& count) const {
  transaction.run(fmt::format("INSERT INTO {} AS known (snapshot_id, table_name, cause, rows, example_id) "
                              "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (snapshot_id, table_name, cause) "
                              "DO UPDATE SET rows = known.rows + EXCLUDED.rows",
                              transaction.connection().table("drift")),
                  snapshot_id, count.table, count.cause, count.rows, count.example_id);
}

std::vector<DriftCount> DriftStore::totals(Transaction& transaction) const {
  const auto result = transaction.run(
      fmt::format(
          "SELECT table_name, cause, sum(drift.rows)::bigint, max(example_id) FROM {} AS drift JOIN {} AS snapshot "
          "ON snapshot.id = snapshot_id WHERE snapshot._env = $1 GROUP BY table_name, cause ORDER BY 1, 2",
          transaction.connection().table("drift"), transaction.connection().table("snapshots")),
      environment_);
  std::vector<DriftCount> counts;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) {
    counts.push_back({std::string(*read_text(result, row, 0)), std::string(*read_text(result, row, 1)),
                      read_number(result, row, 2), std::string(read_text(result, row, 3).value_or(""))});
  }
  return counts;
}

}  // namespace mirror::db
