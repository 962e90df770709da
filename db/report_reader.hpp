#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/report.hpp"
#include "db/transaction.hpp"

namespace mirror::db {

/// How the rows of a report are wanted.
enum class ReportForm {
  columns,  ///< a text per column, as PostgreSQL writes it; instants in UTC
  objects   ///< one text per row: a JSON object
};

/// Reads a report row by row, so that its length costs no memory. One transaction that writes nothing, so it works on a
/// replica too. Not thread-safe. Throws Error, also (usage) for arguments that the report does not know.
class ReportReader {
 public:
  using Row = std::vector<std::optional<std::string>>;  ///< empty: null

  ReportReader(Connection& connection, const Report& report, const ReportArguments& arguments, ReportForm form);

  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }
  /// Empty after the last row.
  std::optional<Row> next();

 private:
  void open(const Report& report, const ReportArguments& arguments, ReportForm form);
  void fetch();

  Transaction transaction_;
  std::vector<std::string> columns_;
  std::vector<Row> rows_;
  std::size_t place_ = 0;
};

}  // namespace mirror::db
