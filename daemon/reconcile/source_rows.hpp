#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reconcile/problem_list.hpp"

namespace mirror::reconcile {

/// A desired list as it was read: texts under the names of their columns. Plain values.
struct SourceRow {
  std::size_t number = 0;                          ///< of the line, item or row, from 1 on
  std::vector<std::optional<std::string>> values;  ///< as many as there are columns
  std::size_t line = 0;                            ///< where an item begins; 0: the number says it, or there are none
};

struct SourceRows {
  std::string unit = "line";  ///< what numbers count: line, item, row
  std::vector<std::string> columns;
  std::vector<std::string> named_at;  ///< where each column is named first, as in "line 1, column 2"
  std::vector<SourceRow> rows;

  void add_column(std::string name, std::string place) {
    columns.push_back(std::move(name));
    named_at.push_back(std::move(place));
  }

  /// As in "line 7" or "line 7 (item 2)".
  [[nodiscard]] std::string place(const SourceRow& row) const {
    const std::string counted = unit + " " + std::to_string(row.number);
    return row.line == 0 ? counted : "line " + std::to_string(row.line) + " (" + counted + ")";
  }
};

/// Reads CSV (RFC 4180): comma, semicolon or tab, whichever the first line has most; quotes; CRLF or LF; a byte order
/// mark is skipped; blank lines are too. The first line names the columns.
SourceRows read_csv(std::string_view text, ProblemList& problems);

/// Reads a JSON list of objects, or an object that has one as "people". Values are texts, numbers, null, or for roles a
/// list of texts.
SourceRows read_json(std::string_view text, ProblemList& problems);

/// JSON if the text begins as such, else CSV.
SourceRows read_source(std::string_view text, ProblemList& problems);

}  // namespace mirror::reconcile
