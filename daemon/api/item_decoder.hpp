#pragma once

#include <simdjson.h>

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/content_hasher.hpp"
#include "api/directory_api.hpp"
#include "api/json_slices.hpp"
#include "model/row_batch.hpp"
#include "model/table_spec.hpp"

namespace mirror::api {

/// PostgreSQL's jsonb and whoever reads it recurse; no directory object comes near these.
inline constexpr int max_item_depth = 200;
inline constexpr std::size_t max_item_bytes = 1 << 20;
/// Ids are 32 characters; a key of an index in PostgreSQL may not exceed 2,700 bytes.
inline constexpr std::size_t max_id_bytes = 255;

/// What became of one item.
struct DecodedItem {
  ListedItem listed;
  std::string problem;  ///< empty: the item is a row now
  std::string raw;      ///< of an item with a problem; see Poison
};

/// The object around an embedded item; empty for an item of the list itself.
struct Surroundings {
  std::string_view parent_column;
  std::string_view parent_id;
};

/// An embedded list as it was found in an item: in the tree and in the text.
struct EmbeddedList {
  simdjson::dom::array items;
  std::string_view text;
  bool present = false;
};

/// Turns JSON objects into rows, told by a TableSpec what to look for. Keeps its buffers from item to item. Not
/// thread-safe. Only the decoders' sources include this header.
class ItemDecoder {
 public:
  ItemDecoder(const TableSpec& table, std::span<const EmbeddedSpec> embedded, Source source = Source::list)
      : table_(table), embedded_(embedded), source_(source) {}

  /// Appends `item` to `rows`, or says why it can't be one. `slice` is the same item's minified text.
  DecodedItem decode(simdjson::dom::element item, const Slice& slice, const Surroundings& around, RowBatch& rows);

  /// Of the last item, in the order of the EmbeddedSpecs.
  [[nodiscard]] const std::vector<EmbeddedList>& embedded_lists() const { return embedded_lists_; }

 private:
  struct Cell {
    simdjson::dom::element value;
    std::string_view text;
    bool present = false;
  };

  void forget_last_item();
  void read_members(simdjson::dom::object object, std::string_view text, DecodedItem& item);
  std::string_view keep_member(std::string_view key_text, std::string_view value);
  std::string_view canonical(simdjson::dom::element value, std::string_view text, std::string_view kept);
  void note_standard_key(std::string_view key, simdjson::dom::element value, DecodedItem& item);
  void note_embedded(std::string_view key, simdjson::dom::element value, std::string_view text);
  [[nodiscard]] std::string find_problem(const DecodedItem& item, const Slice& slice) const;
  void add_cells(const Surroundings& around, RowBatch& rows);
  void add_cell(const ColumnSpec& column, const Cell& cell, RowBatch& rows);
  [[nodiscard]] std::string_view raw(const Slice& slice);

  const TableSpec& table_;
  std::span<const EmbeddedSpec> embedded_;
  Source source_;
  ContentHasher hasher_;
  std::vector<Cell> cells_;                                                  ///< in the order of the table's columns
  std::vector<ContentMember> members_;                                       ///< those that count for the content
  std::vector<std::pair<std::string_view, std::string_view>> kept_members_;  ///< keys and values as written
  std::vector<EmbeddedList> embedded_lists_;
  std::deque<std::string> filtered_;  ///< values that had secrets inside, and canonical spellings
  std::string kept_;                  ///< the object rebuilt from the members kept
  std::string scratch_;
  std::optional<Instant> updated_at_;
  bool whole_ = true;  ///< every member was kept as it is
  bool may_hold_secret_ = false;
  bool too_deep_ = false;
};

}  // namespace mirror::api
