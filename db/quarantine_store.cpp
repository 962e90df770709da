#include "db/quarantine_store.hpp"

#include <fmt/core.h>

#include "db/array_literal.hpp"
#include "db/result_reader.hpp"
#include "db/transaction.hpp"

namespace mirror::db {

void QuarantineStore::park(Transaction& transaction, std::string_view table, const QuarantinedObject& object) const {
  transaction.run(fmt::format("INSERT INTO {} AS parked (_env, table_name, id, error, raw) "
                              "VALUES ($1, $2, COALESCE(NULLIF($3, ''), 'md5:' || md5($5)), $4, $5) "
                              "ON CONFLICT (_env, table_name, id) DO UPDATE SET error = $4, raw = $5, "
                              "last_seen_at = clock_timestamp(), attempts = parked.attempts + 1",
                              transaction.connection().table("quarantine")),
                  environment_, table, object.id, object.error, object.raw);
}

bool QuarantineStore::contains(Transaction& transaction, std::string_view table,
                               const QuarantinedObject& object) const {
  const auto result = transaction.run(fmt::format("SELECT FROM {} WHERE _env = $1 AND table_name = $2 "
                                                  "AND id = COALESCE(NULLIF($3, ''), 'md5:' || md5($4))",
                                                  transaction.connection().table("quarantine")),
                                      environment_, table, object.id, object.raw);
  return !result.empty();
}

long QuarantineStore::release(Transaction& transaction, std::string_view table,
                              const std::vector<std::string>& ids) const {
  const auto result =
      transaction.run(fmt::format("DELETE FROM {} WHERE _env = $1 AND table_name = $2 AND id = ANY ($3::text[])",
                                  transaction.connection().table("quarantine")),
                      environment_, table, array_literal(ids));
  return static_cast<long>(result.affected_rows());
}

long QuarantineStore::forget_unseen(Transaction& transaction, std::string_view table, std::int64_t snapshot_id) const {
  const auto result = transaction.run(
      fmt::format("DELETE FROM {} WHERE _env = $1 AND table_name = $2 AND last_seen_at < "
                  "(SELECT begun_at FROM {} WHERE id = $3)",
                  transaction.connection().table("quarantine"), transaction.connection().table("snapshots")),
      environment_, table, snapshot_id);
  return static_cast<long>(result.affected_rows());
}

long QuarantineStore::count(Transaction& transaction) const {
  return read_number(transaction.run(fmt::format("SELECT count(*) FROM {} WHERE _env = $1",
                                                 transaction.connection().table("quarantine")),
                                     environment_),
                     0, 0);
}

}  // namespace mirror::db
