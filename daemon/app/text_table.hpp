#pragma once

#include <string>
#include <vector>

namespace mirror::app {

/// Rows of text in aligned columns, numbers to the right, for people. The first row is the heading.
class TextTable {
 public:
  using Row = std::vector<std::string>;

  explicit TextTable(Row heading) { rows_.push_back(std::move(heading)); }
  /// As many cells as the heading has.
  void add(Row row) { rows_.push_back(std::move(row)); }
  /// Each line ended by a newline, without trailing spaces.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<Row> rows_;
};

/// 1234567 as 1,234,567.
std::string grouped(unsigned long long number);

/// An age for people: "12s", "5m03s", "2h10m", "3d04h".
std::string short_time(double seconds);

}  // namespace mirror::app
