#include "api/item_decoder.hpp"

#include <algorithm>

#include "api/canonical_json.hpp"
#include "api/column_value.hpp"
#include "api/member_filter.hpp"

namespace mirror::api {
namespace {

namespace dom = simdjson::dom;

template <typename Keys>
bool contains(const Keys& keys, std::string_view key) {
  return std::ranges::find(keys, key) != keys.end();
}

std::optional<Instant> instant_of(dom::element value) {
  std::string_view text;
  return value.get_string().get(text) == simdjson::SUCCESS ? parse_instant(text) : std::nullopt;
}

std::string_view kind_of(dom::element value) {
  switch (value.type()) {
    case dom::element_type::ARRAY:
      return "a list";
    case dom::element_type::STRING:
      return "a string";
    case dom::element_type::BOOL:
      return "a boolean";
    case dom::element_type::NULL_VALUE:
      return "null";
    default:
      return "a number";
  }
}

}  // namespace

DecodedItem ItemDecoder::decode(dom::element item, const Slice& slice, const Surroundings& around, RowBatch& rows) {
  forget_last_item();
  DecodedItem decoded;
  dom::object object;
  if (item.get_object().get(object) != simdjson::SUCCESS) {
    decoded.problem = "the item is " + std::string(kind_of(item)) + ", not an object";
    return decoded;
  }
  may_hold_secret_ = may_hold_member(slice.text, table_.secret_keys);
  too_deep_ = slice.depth > max_item_depth;
  read_members(object, slice.text, decoded);
  decoded.problem = find_problem(decoded, slice);
  if (!decoded.problem.empty()) {
    if (slice.depth <= max_item_depth && slice.text.size() <= max_item_bytes) decoded.raw = raw(slice);
    return decoded;
  }
  add_cells(around, rows);
  rows.finish_row(decoded.listed.id, *decoded.listed.created_at, *updated_at_, hasher_.hash(members_), raw(slice));
  return decoded;
}

void ItemDecoder::forget_last_item() {
  cells_.assign(table_.columns.size(), Cell{});
  embedded_lists_.assign(embedded_.size(), EmbeddedList{});
  members_.clear();
  filtered_.clear();
  kept_members_.clear();
  updated_at_.reset();
  whole_ = true;
}

void ItemDecoder::read_members(dom::object object, std::string_view text, DecodedItem& item) {
  MemberSlices slices(text);
  std::string_view key_text;
  Slice value;
  for (const dom::key_value_pair member : object) {
    if (!slices.next(key_text, value)) break;
    note_standard_key(member.key, member.value, item);
    note_embedded(member.key, member.value, value.text);
    if (contains(table_.omitted_keys, member.key) || contains(table_.secret_keys, member.key)) {
      whole_ = false;
      continue;
    }
    const std::string_view kept = keep_member(key_text, value.text);
    bool observed = false;
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      if (table_.columns[i].key != member.key) continue;
      cells_[i] = {member.value, kept, true};
      observed = table_.columns[i].order == FieldOrder::observed;
    }
    members_.push_back({member.key, canonical(member.value, value.text, kept), observed});
  }
}

/// The value without what must not be kept.
std::string_view ItemDecoder::keep_member(std::string_view key_text, std::string_view value) {
  const bool nested = value.front() == '{' || value.front() == '[';
  if (may_hold_secret_ && nested && may_hold_member(value, table_.secret_keys)) {
    std::string filtered = without_members(value, table_.secret_keys);
    if (filtered.size() != value.size()) {
      whole_ = false;
      value = filtered_.emplace_back(std::move(filtered));
    }
  }
  kept_members_.emplace_back(key_text, value);
  return value;
}

/// What the content is compared by. A value that had secrets inside is compared as it is written.
std::string_view ItemDecoder::canonical(dom::element value, std::string_view text, std::string_view kept) {
  if (kept.data() != text.data() || too_deep_ || !has_other_spellings(text)) return kept;
  std::string& spelled = filtered_.emplace_back();
  append_canonical(value, text, spelled);
  return spelled;
}

void ItemDecoder::note_standard_key(std::string_view key, dom::element value, DecodedItem& item) {
  if (key == "id") {
    std::string_view id;
    item.listed.id = value.get_string().get(id) == simdjson::SUCCESS && id.size() <= max_id_bytes ? id : "";
  } else if (key == "created_at") {
    item.listed.created_at = instant_of(value);
  } else if (key == "updated_at") {
    updated_at_ = instant_of(value);
  }
}

void ItemDecoder::note_embedded(std::string_view key, dom::element value, std::string_view text) {
  for (std::size_t i = 0; i < embedded_.size(); ++i) {
    if (embedded_[i].key != key) continue;
    EmbeddedList& list = embedded_lists_[i];
    list.text = text;
    list.present = value.get_array().get(list.items) == simdjson::SUCCESS;
  }
}

std::string ItemDecoder::find_problem(const DecodedItem& item, const Slice& slice) const {
  if (item.listed.id.empty()) return "key `id`: missing, not a string, empty or longer than 255 bytes";
  if (!item.listed.created_at) return "key `created_at`: missing or not an instant";
  if (!updated_at_) return "key `updated_at`: missing or not an instant";
  if (too_deep_) return "the object is nested deeper than 200 levels";
  if (slice.text.size() > max_item_bytes) return "the object is larger than 1 MiB";
  // Members that an embedded list no longer names are gone, so its absence must not pass for an empty one.
  for (std::size_t i = 0; i < embedded_.size() && source_ != Source::event; ++i) {
    if (!embedded_lists_[i].present) return "key `" + std::string(embedded_[i].key) + "`: missing or not a list";
  }
  return {};
}

void ItemDecoder::add_cells(const Surroundings& around, RowBatch& rows) {
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const ColumnSpec& column = table_.columns[i];
    const bool absent = !cells_[i].present || cells_[i].value.is_null();
    if (absent && !around.parent_column.empty() && column.name == around.parent_column) {
      rows.add_value(around.parent_id);
    } else {
      add_cell(column, cells_[i], rows);
    }
  }
}

void ItemDecoder::add_cell(const ColumnSpec& column, const Cell& cell, RowBatch& rows) {
  if (!cell.present) return rows.add_null();
  const auto value = column_value(column.type, cell.value, cell.text, scratch_);
  value ? rows.add_value(*value) : rows.add_null();
}

std::string_view ItemDecoder::raw(const Slice& slice) {
  if (whole_) return slice.text;
  kept_.assign(1, '{');
  for (const auto& [key_text, value] : kept_members_) {
    if (kept_.size() > 1) kept_ += ',';
    kept_ += key_text;
    kept_ += ':';
    kept_ += value;
  }
  kept_ += '}';
  return kept_;
}

}  // namespace mirror::api
