#include "db/monthly_partitions.hpp"

#include <fmt/core.h>

#include "db/result_reader.hpp"
#include "db/transaction.hpp"
#include "support/error.hpp"
#include "support/log.hpp"

namespace mirror::db {

namespace {

/// Not by to_regclass: what that once found missing, it may find missing again in the same transaction.
bool has_table(Transaction& transaction, const std::string& name) {
  return !transaction
              .run(
                  "SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
                  "WHERE nspname = $1 AND relname = $2",
                  transaction.connection().options().schema, name)
              .empty();
}

}  // namespace

/// Attached, not created as a partition: that waits for nobody who reads the table.
void MonthlyPartitions::ensure(Transaction& transaction, const std::string& first_day) const {
  const Connection& connection = transaction.connection();
  const std::string whole = connection.table(table_);
  const std::string name = table_ + "_" + first_day.substr(0, 7).replace(4, 1, "_");
  if (has_table(transaction, name)) return;
  lock(transaction);
  if (has_table(transaction, name)) return;
  const std::string partition = connection.table(name);
  transaction.run(fmt::format("CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)", partition, whole));
  transaction.run(
      fmt::format("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ('{} 00:00:00+00') TO ('{} "
                  "00:00:00+00')",
                  whole, partition, first_day,
                  *read_text(transaction.run("SELECT ($1::date + interval '1 month')::date", first_day), 0, 0)));
}

/// The writers of other environments need the same months: they make and drop them one after the other. Nobody who
/// waits here holds anything that another writer waits for.
void MonthlyPartitions::lock(Transaction& transaction) const {
  transaction.run("SELECT pg_advisory_xact_lock(hashtextextended('authkit-mirror partitions ' || $1, 0))",
                  transaction.connection().options().schema);
}

void MonthlyPartitions::prepare(Transaction& transaction) const {
  const auto months = transaction.run(
      "SELECT date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC')::date, "
      "(date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') + interval '1 month')::date");
  for (int column = 0; column < 2; ++column) ensure(transaction, std::string(*read_text(months, 0, column)));
}

std::vector<OldMonth> MonthlyPartitions::older_than(Transaction& transaction, std::int64_t age_seconds) const {
  const auto result = transaction.run(
      fmt::format("SELECT child.relname FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid "
                  "WHERE inhparent = to_regclass($1) AND child.relname ~ '^{0}_[0-9]{{4}}_[0-9]{{2}}$' "
                  "AND to_date(right(child.relname, 7), 'YYYY_MM') + interval '1 month' < "
                  "clock_timestamp() AT TIME ZONE 'UTC' - make_interval(secs => $2) ORDER BY 1",
                  table_),
      transaction.connection().table(table_), age_seconds);
  std::vector<OldMonth> months;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) {
    months.push_back({std::string(*read_text(result, row, 0))});
  }
  return months;
}

bool MonthlyPartitions::claim(Transaction& transaction, const OldMonth& month) const {
  lock(transaction);
  return has_table(transaction, month.name);
}

Forgetting MonthlyPartitions::forget(Transaction& transaction, OldMonth& month, const std::string& environment,
                                     const std::function<bool()>& is_needed, const OwnRows& own, int most) const {
  if (!month.is_needed) {
    if (drop(transaction, month.name, is_needed)) return Forgetting::dropped;
    month.is_needed = is_needed();
    if (!month.is_needed) return Forgetting::kept;
  }
  // Behind what went before: its entries in the index are skipped only once no old snapshot could see them.
  const auto deleted = transaction.run(
      fmt::format("WITH gone AS (DELETE FROM {0} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {0} WHERE {1} "
                  "AND ($3::{3} IS NULL OR {2} > $3::{3}) ORDER BY {2} LIMIT $2)) RETURNING {2}) "
                  "SELECT count(*), max({2}) FROM gone",
                  transaction.connection().table(month.name), own.condition, own.key, own.type),
      environment, most, month.deleted_through);
  if (read_number(deleted, 0, 0) < most) return Forgetting::kept;
  month.deleted_through = *read_text(deleted, 0, 1);
  return Forgetting::unfinished;
}

bool MonthlyPartitions::drop(Transaction& transaction, const std::string& name,
                             const std::function<bool()>& is_needed) const {
  if (is_needed()) return false;
  const std::string partition = transaction.connection().table(name);
  const std::string usual_wait(*read_text(transaction.run("SELECT current_setting('lock_timeout')"), 0, 0));
  transaction.run("SAVEPOINT partition");
  try {
    // Whoever reads the table for an hour must not stop the mirror: it is dropped another time.
    transaction.run("SELECT set_config('lock_timeout', '100ms', true)");
    // The writer of another environment may have put something in since the look.
    transaction.run(fmt::format("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", partition));
    const bool is_free = !is_needed();
    if (is_free) transaction.run(fmt::format("DROP TABLE {}", partition));
    transaction.run("SELECT set_config('lock_timeout', $1, true)", usual_wait);
    transaction.run("RELEASE SAVEPOINT partition");
    return is_free;
  } catch (const Error& error) {
    transaction.run("ROLLBACK TO SAVEPOINT partition");
    log::info("{} is older than {} and can't be dropped now: {}", name, setting_, error.what());
    return false;
  }
}

}  // namespace mirror::db
