#pragma once

#include <string>
#include <string_view>

#include "db/copy_stream.hpp"
#include "db/table_sql.hpp"
#include "model/row_batch.hpp"
#include "model/row_state.hpp"

namespace mirror::db {

/// A whole row to be written: content from a batch, and the mark of death if it arrives dead.
struct RowWrite {
  const RowBatch* batch = nullptr;
  std::size_t row = 0;
  Instant observed_at;
  std::optional<Tombstone> tombstone;
  std::string_view event_id = {};  ///< of the event that brought it; empty: none
};

/// New rows on their way into a mirrored table, through COPY: PostgreSQL stores the first while others are still being
/// judged. From the first piece to finish() the transaction can't do anything else (CopyStream). Not thread-safe.
class RowInsertion {
 public:
  /// All but the transaction's session have to outlive it.
  RowInsertion(Transaction& transaction, const TableSql& sql, const std::string& environment);

  /// The id must not exist yet.
  void add(const RowWrite& write);
  void finish() { copy_.finish(); }

 private:
  const TableSql& sql_;
  const std::string& environment_;
  CopyStream copy_;
};

std::string_view to_string(DeletedBy by) noexcept;

}  // namespace mirror::db
