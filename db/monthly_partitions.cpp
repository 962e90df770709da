#include "db/monthly_partitions.hpp"

#include <fmt/core.h>

#include "db/result_reader.hpp"
#include "db/transaction.hpp"
#include "support/error.hpp"
#include "support/log.hpp"

namespace mirror::db {

/// Attached, not created as a partition: that waits for nobody who reads the table.
void MonthlyPartitions::ensure(Transaction& transaction, const std::string& first_day) const {
  const Connection& connection = transaction.connection();
  const std::string whole = connection.table(table_);
  const std::string partition = connection.table(table_ + "_" + first_day.substr(0, 7).replace(4, 1, "_"));
  if (read_text(transaction.run("SELECT to_regclass($1)::text", partition), 0, 0)) return;
  transaction.run(fmt::format("CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)", partition, whole));
  transaction.run(
      fmt::format("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ('{} 00:00:00+00') TO ('{} "
                  "00:00:00+00')",
                  whole, partition, first_day,
                  *read_text(transaction.run("SELECT ($1::date + interval '1 month')::date", first_day), 0, 0)));
}

void MonthlyPartitions::prepare(Transaction& transaction) const {
  const auto months = transaction.run(
      "SELECT date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC')::date, "
      "(date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') + interval '1 month')::date");
  for (int column = 0; column < 2; ++column) ensure(transaction, std::string(*read_text(months, 0, column)));
}

std::vector<std::string> MonthlyPartitions::older_than(Transaction& transaction, std::int64_t age_seconds) const {
  const auto result = transaction.run(
      fmt::format("SELECT child.relname FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid "
                  "WHERE inhparent = to_regclass($1) AND child.relname ~ '^{0}_[0-9]{{4}}_[0-9]{{2}}$' "
                  "AND to_date(right(child.relname, 7), 'YYYY_MM') + interval '1 month' < "
                  "clock_timestamp() AT TIME ZONE 'UTC' - make_interval(secs => $2) ORDER BY 1",
                  table_),
      transaction.connection().table(table_), age_seconds);
  std::vector<std::string> names;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) names.emplace_back(*read_text(result, row, 0));
  return names;
}

bool MonthlyPartitions::drop(Transaction& transaction, const std::string& partition) const {
  const std::string usual_wait(*read_text(transaction.run("SELECT current_setting('lock_timeout')"), 0, 0));
  transaction.run("SAVEPOINT partition");
  try {
    // Whoever reads the table for an hour must not stop the mirror: it is dropped another time.
    transaction.run("SELECT set_config('lock_timeout', '100ms', true)");
    transaction.run(fmt::format("DROP TABLE {}", transaction.connection().table(partition)));
    transaction.run("SELECT set_config('lock_timeout', $1, true)", usual_wait);
    transaction.run("RELEASE SAVEPOINT partition");
    return true;
  } catch (const Error& error) {
    transaction.run("ROLLBACK TO SAVEPOINT partition");
    log::info("{} is older than {} and can't be dropped now: {}", partition, setting_, error.what());
    return false;
  }
}

}  // namespace mirror::db
