#include "api/partial_object.hpp"

#include <simdjson.h>

#include <algorithm>
#include <set>

#include "api/item_decoder.hpp"
#include "api/json_document.hpp"

namespace mirror::api {
namespace {

namespace dom = simdjson::dom;

/// Whether a member that the event lacks is kept. Those that events carry are cleared by their absence.
bool outlives_event(const TableSpec& table, std::string_view key) {
  constexpr auto event = static_cast<std::size_t>(Source::event);
  const auto column = std::ranges::find_if(table.columns, [&](const ColumnSpec& spec) { return spec.key == key; });
  return column == table.columns.end() || column->presence[event] == Presence::never;
}

std::set<std::string, std::less<>> keys_of(dom::element root) {
  std::set<std::string, std::less<>> keys;
  for (const dom::key_value_pair member : dom::object(root)) keys.emplace(member.key);
  return keys;
}

/// `,"key":value` for each member to add.
std::string missing_members(const TableSpec& table, std::string_view known,
                            const std::set<std::string, std::less<>>& present, JsonDocument& document) {
  const dom::element root = document.parse(known);
  std::string missing;
  MemberSlices slices(document.text());
  std::string_view key_text;
  Slice value;
  for (const dom::key_value_pair member : dom::object(root)) {
    if (!slices.next(key_text, value)) break;
    if (present.contains(member.key) || !outlives_event(table, member.key)) continue;
    missing.append(",").append(key_text).append(":").append(value.text);
  }
  return missing;
}

}  // namespace

std::optional<RowBatch> completed(const TableSpec& table, std::string_view partial, std::string_view known) {
  const auto document = JsonDocument::borrow();
  const std::string missing = missing_members(table, known, keys_of(document->parse(partial)), *document);
  if (missing.empty()) return std::nullopt;
  std::string whole(partial.substr(0, partial.rfind('}')));
  whole += missing;
  whole += '}';
  const dom::element root = document->parse(whole);
  RowBatch row(table);
  ItemDecoder(table, {}, Source::event).decode(root, slice_value(document->text(), 0), {}, row);
  if (row.empty()) return std::nullopt;
  return row;
}

}  // namespace mirror::api
