#pragma once

#include <cstdint>
#include <string>

#include "db/result_reader.hpp"
#include "db/transaction.hpp"

namespace mirror::harness {

/// Rows of `table` (a name without schema) that this transaction has read so far, with or without an index.
inline std::int64_t rows_read(db::Transaction& transaction, const std::string& table) {
  const auto result = transaction.run(
      "SELECT seq_tup_read + COALESCE(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = $1", table);
  return db::read_number(result, 0, 0);
}

}  // namespace mirror::harness
