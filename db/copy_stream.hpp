#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mirror::db {

class Transaction;

/// Rows on their way into a table through `COPY ... FROM STDIN`, in its text format
/// (https://www.postgresql.org/docs/13/sql-copy.html, "Text Format"). A piece is sent as soon as it is full, so
/// PostgreSQL stores the first rows while the next are built, and memory does not grow with their number. From the
/// first line to finish() the transaction can't do anything else; without finish() its next statement, at the latest
/// the ROLLBACK, makes the COPY fail. Throws Error as Transaction does. Not thread-safe.
class CopyStream {
 public:
  /// Sends nothing before the first piece is full.
  CopyStream(Transaction& transaction, std::string statement);
  CopyStream(const CopyStream&) = delete;
  CopyStream& operator=(const CopyStream&) = delete;

  void field(std::string_view value);
  void null();
  void optional_field(const std::optional<std::string_view>& value) { value ? field(*value) : null(); }
  void end_line();

  /// Returns the number of rows that were stored; without any the database is not asked.
  std::int64_t finish();

 private:
  void separate();
  void send_piece();

  Transaction& transaction_;
  std::string statement_;
  std::string piece_;
  bool at_line_start_ = true;
  bool is_open_ = false;
};

}  // namespace mirror::db
