#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/content_hash.hpp"
#include "model/table_spec.hpp"
#include "support/instant.hpp"

namespace mirror {

/// Decoded objects of one table. All text stands in one buffer, so that a page of a hundred objects costs a handful
/// of allocations. Values are PostgreSQL's text form of the column's type, unescaped. Views stay valid while the batch
/// lives unchanged. Not thread-safe; handed from thread to thread by moving.
class RowBatch {
 public:
  explicit RowBatch(const TableSpec& table) : table_(&table) {}

  [[nodiscard]] const TableSpec& table() const { return *table_; }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  [[nodiscard]] std::string_view id(std::size_t row) const { return view(rows_[row].id); }
  [[nodiscard]] Instant created_at(std::size_t row) const { return rows_[row].created_at; }
  [[nodiscard]] Instant updated_at(std::size_t row) const { return rows_[row].updated_at; }
  [[nodiscard]] const ContentHash& hash(std::size_t row) const { return rows_[row].hash; }
  /// The object as received, without secrets and omitted keys: a JSON object.
  [[nodiscard]] std::string_view raw(std::size_t row) const { return view(rows_[row].raw); }
  /// Empty for NULL. `column` counts through table().columns.
  [[nodiscard]] std::optional<std::string_view> value(std::size_t row, std::size_t column) const;

  // Building, by the decoder: the values of all columns in order, then finish_row.
  void add_null();
  void add_value(std::string_view value);
  void finish_row(std::string_view id, Instant created_at, Instant updated_at, const ContentHash& hash,
                  std::string_view raw);
  /// Forgets the values added since the last finish_row: the object turned out to be undecodable.
  void drop_row();
  /// Nothing more is added: gives back what growing has taken in advance, up to half of it.
  void finish();
  /// Roughly the bytes held, for queue limits and statistics.
  [[nodiscard]] std::size_t bytes() const { return text_.size(); }

 private:
  struct Slice {
    std::uint32_t offset = 0;
    std::uint32_t length = 0;  ///< null_length for NULL
  };
  struct Row {
    Slice id;
    Slice raw;
    Instant created_at;
    Instant updated_at;
    ContentHash hash;
  };
  static constexpr std::uint32_t null_length = UINT32_MAX;

  Slice store(std::string_view text);
  [[nodiscard]] std::string_view view(Slice slice) const {
    return std::string_view(text_).substr(slice.offset, slice.length);
  }

  const TableSpec* table_;
  std::string text_;
  std::vector<Slice> values_;
  std::vector<Row> rows_;
};

}  // namespace mirror
