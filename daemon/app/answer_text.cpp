#include "app/answer_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace mirror::app {
namespace {

using Json = nlohmann::ordered_json;
using Lines = std::vector<std::pair<std::string, std::string>>;

std::string presented(const Json& value) {
  if (!value.is_string()) return value.dump(-1, ' ', true, Json::error_handler_t::replace);
  const auto& text = value.get_ref<const std::string&>();
  const bool is_plain = std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c < 0x7F; });
  // Beyond ASCII there are control characters too (C1, bidirectional overrides): quoted and escaped, nothing acts.
  return is_plain ? text : value.dump(-1, ' ', true, Json::error_handler_t::replace);
}

bool is_leaf(const Json& value) {
  if (value.empty() || !value.is_structured()) return true;
  return value.is_array() && std::ranges::none_of(value, [](const Json& item) { return item.is_structured(); });
}

void collect(const std::string& name, const Json& value, Lines& lines) {
  if (is_leaf(value)) {
    lines.emplace_back(name, presented(value));
    return;
  }
  std::size_t index = 0;
  for (const auto& [key, member] : value.items()) {
    const std::string dot = name.empty() ? "" : ".";
    collect(value.is_array() ? fmt::format("{}[{}]", name, index++) : name + dot + presented(Json(key)), member, lines);
  }
}

}  // namespace

std::string answer_text(const nlohmann::ordered_json& object) {
  Lines lines;
  collect("", object, lines);
  std::size_t width = 0;
  for (const auto& [name, value] : lines) width = std::max(width, name.size());
  std::string text;
  for (const auto& [name, value] : lines) text += fmt::format("{:<{}}  {}\n", name, width, value);
  return text;
}

}  // namespace mirror::app
