#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reconcile/source_rows.hpp"

namespace mirror::reconcile {
namespace {

/// Keeps keys in the order of the file, so that they can be counted.
using json = nlohmann::ordered_json;

/// The library's own message repeats what it read.
std::string place_of_byte(std::string_view text, std::size_t byte) {
  const auto before = text.substr(0, std::min(byte == 0 ? 0 : byte - 1, text.size()));
  const auto line = std::ranges::count(before, '\n') + 1;
  const auto line_break = before.rfind('\n');
  const auto column = line_break == std::string_view::npos ? before.size() + 1 : before.size() - line_break;
  return fmt::format("line {}, character {}", line, column);
}

std::size_t column_of(SourceRows& source, const std::string& name, const std::string& place) {
  const auto found = std::ranges::find(source.columns, name);
  if (found == source.columns.end()) {
    source.add_column(name, place);
    return source.columns.size() - 1;
  }
  return static_cast<std::size_t>(found - source.columns.begin());
}

/// Empty if it can't stand in a list.
std::optional<std::string> text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  if (!value.is_array()) return std::nullopt;
  std::string joined;
  for (const json& part : value) {
    if (!part.is_string()) return std::nullopt;
    joined += (joined.empty() ? "" : "|") + part.get<std::string>();
  }
  return joined;
}

void read_item(SourceRows& source, const json& item, std::size_t number, ProblemList& problems) {
  SourceRow row{number, {}};
  if (!item.is_object()) {
    problems.add(source.place(row), "not an object");
    return;
  }
  std::size_t key = 0;
  for (const auto& [name, value] : item.items()) {
    const std::string place = fmt::format("{}, key {}", source.place(row), ++key);
    const std::size_t column = column_of(source, name, place);
    if (row.values.size() <= column) row.values.resize(column + 1);
    if (value.is_null()) continue;
    row.values[column] = text_of(value);
    if (!row.values[column]) problems.add(place, "neither a text nor null");
  }
  source.rows.push_back(std::move(row));
}

}  // namespace

SourceRows read_json(std::string_view text, ProblemList& problems) {
  SourceRows source;
  source.unit = "item";
  json document;
  try {
    document = json::parse(text);
  } catch (const json::parse_error& error) {
    problems.add(place_of_byte(text, error.byte), "not JSON from here on");
    return source;
  }
  const json& list = document.is_object() && document.contains("people") ? document["people"] : document;
  if (!list.is_array()) {
    problems.add("line 1", "neither a list nor an object with the list \"people\"");
    return source;
  }
  std::size_t number = 0;
  for (const json& item : list) read_item(source, item, ++number, problems);
  for (SourceRow& row : source.rows) row.values.resize(source.columns.size());
  return source;
}

SourceRows read_source(std::string_view text, ProblemList& problems) {
  const auto first = text.find_first_not_of("\xEF\xBB\xBF \t\r\n");
  const bool is_json = first != std::string_view::npos && (text[first] == '[' || text[first] == '{');
  return is_json ? read_json(text.substr(first), problems) : read_csv(text, problems);
}

}  // namespace mirror::reconcile
