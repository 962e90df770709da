#include "sync/erased_content.hpp"

#include <algorithm>
#include <cctype>

#include "api/json_slices.hpp"
#include "model/personal_columns.hpp"
#include "model/streams.hpp"

namespace mirror::sync {
namespace {

/// Ids are words of this length; other strings are not looked up.
constexpr std::size_t shortest_id = 4;
constexpr std::size_t longest_id = 128;

bool may_be_id(std::string_view text) {
  return text.size() >= shortest_id && text.size() <= longest_id && std::ranges::all_of(text, [](char each) {
           return std::isalnum(static_cast<unsigned char>(each)) != 0 || each == '_' || each == '-';
         });
}

/// Where the string that begins at `json[at]` ends: behind its quote.
std::size_t end_of_string(std::string_view json, std::size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return std::min(at + 1, json.size());
}

/// Calls `action(place, length)` for each string of minified `json` that is an erased id, quotes included.
template <typename Action>
void for_each_erased(const db::ErasedIds& erased, std::string_view json, Action action) {
  for (std::size_t at = json.find('"'); at != std::string_view::npos; at = json.find('"', at)) {
    const auto end = end_of_string(json, at);
    const auto text = json.substr(at + 1, end - at - 2);
    if (may_be_id(text) && erased.holds(text)) action(at, end - at);
    at = end;
  }
}

bool names_erased(const db::ErasedIds& erased, std::string_view json) {
  bool found = false;
  for_each_erased(erased, json, [&](std::size_t, std::size_t) { found = true; });
  return found;
}

/// As the value of a member an id becomes null, elsewhere "erased".
std::string without_erased(const db::ErasedIds& erased, std::string_view json) {
  std::string rest;
  std::size_t copied = 0;
  for_each_erased(erased, json, [&](std::size_t at, std::size_t length) {
    rest.append(json.substr(copied, at - copied));
    rest.append(at > 0 && json[at - 1] == ':' ? "null" : "\"erased\"");
    copied = at + length;
  });
  return rest.append(json.substr(copied));
}

/// Besides in its context, which says who did it.
bool tells_of_erased(const db::ErasedIds& erased, std::string_view event) {
  if (event.empty() || event.front() != '{') return names_erased(erased, event);
  api::MemberSlices members(event);
  std::string_view key;
  api::Slice value;
  while (members.next(key, value)) {
    if (key != "\"context\"" && names_erased(erased, value.text)) return true;
  }
  return false;
}

bool is_about_erased(const db::ErasedIds& erased, const EventWrite& write, const api::Event& event) {
  if (erased.holds(event.id) || erased.holds(event.object_id)) return true;
  for (const auto& place : event.rows) {
    if (is_erased(erased, write.page.batches[place.batch], place.row)) return true;
  }
  const bool tells_of_another = event.mirrored != nullptr && event.problem.empty();
  return !tells_of_another && tells_of_erased(erased, event.raw);
}

}  // namespace

bool is_erased(const db::ErasedIds& erased, const RowBatch& batch, std::size_t row) {
  if (!erased.any()) return false;
  const auto owner_column = personal_columns(batch.table()).owner;
  if (owner_column.empty()) return is_persons(batch.table()) && erased.holds(batch.id(row));
  const auto owner = batch.value(row, static_cast<std::size_t>(column_index(batch.table(), owner_column)));
  return (owner && erased.holds(*owner)) || erased.holds(batch.id(row));
}

std::optional<RowBatch> without_erased_mentions(const db::ErasedIds& erased, const RowBatch& batch, std::size_t row) {
  if (!erased.any()) return std::nullopt;
  const auto& table = batch.table();
  const auto column = personal_columns(table).mention;
  if (column.empty()) return std::nullopt;
  const auto index = static_cast<std::size_t>(column_index(table, column));
  const auto mention = batch.value(row, index);
  if (!mention || !erased.holds(*mention)) return std::nullopt;
  RowBatch rest(table);
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const auto value = batch.value(row, i);
    value&& i != index ? rest.add_value(*value) : rest.add_null();
  }
  rest.finish_row(batch.id(row), batch.created_at(row), batch.updated_at(row), batch.hash(row),
                  without_erased(erased, batch.raw(row)));
  return rest;
}

void leave_out_erased(const db::ErasedIds& erased, EventWrite& write) {
  if (!erased.any()) return;
  erased.note_left_out(
      std::erase_if(write.page.events, [&](const auto& event) { return is_about_erased(erased, write, event); }));
  for (auto& event : write.page.events) {
    if (names_erased(erased, event.raw)) event.raw = without_erased(erased, event.raw);
  }
}

bool leave_out_erased(const db::ErasedIds& erased, const TableSpec& table, db::QuarantinedObject& object) {
  if (!erased.any()) return true;
  const bool names = names_erased(erased, object.raw);
  const bool may_be_theirs = is_persons(table) || !personal_columns(table).owner.empty();
  if (erased.holds(object.id) || (names && may_be_theirs)) {
    erased.note_left_out(1);
    return false;
  }
  if (names) object.raw = without_erased(erased, object.raw);
  return true;
}

}  // namespace mirror::sync
