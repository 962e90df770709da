#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/content_hash.hpp"
#include "support/instant.hpp"

namespace mirror::db {

class Transaction;

/// Rows on their way into a table through `COPY ... FROM STDIN (FORMAT binary)`
/// (https://www.postgresql.org/docs/13/sql-copy.html, "Binary Format"): PostgreSQL need not parse times, and nothing
/// has to be escaped, which a first load's speed depends on. A piece is sent as soon as it is full, so PostgreSQL
/// stores the first rows while the next are built, and memory does not grow with their number. From the first piece to
/// finish() the transaction can't do anything else; without finish() its next statement, at the latest the ROLLBACK,
/// makes the COPY fail. A field's method has to fit its column's type. Throws Error as Transaction does. Not
/// thread-safe.
class CopyStream {
 public:
  /// `table` is qualified and quoted, and so are `columns`. Sends nothing before the first piece is full.
  CopyStream(Transaction& transaction, std::string table, std::vector<std::string> columns);
  CopyStream(const CopyStream&) = delete;
  CopyStream& operator=(const CopyStream&) = delete;

  /// Begins a row; a field per column has to follow.
  void begin_row();
  void null();
  void text(std::string_view value);
  void json(std::string_view value);  ///< a jsonb
  void boolean(bool value);
  void instant(Instant value);  ///< a timestamptz
  void hash(const ContentHash& value);
  void texts(const std::vector<std::string>& values);  ///< a text[]

  /// Returns the number of rows that were stored; without any the database is not asked.
  std::int64_t finish();

 private:
  template <typename Integer>
  void number(Integer value);
  void send_piece();

  Transaction& transaction_;
  std::string table_;
  std::vector<std::string> columns_;
  std::string piece_;
  bool is_open_ = false;
};

}  // namespace mirror::db
