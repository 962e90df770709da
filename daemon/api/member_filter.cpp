#include "api/member_filter.hpp"

#include <simdjson.h>

#include <algorithm>

#include "api/json_slices.hpp"

namespace mirror::api {
namespace {

bool holds_quoted(std::string_view json, std::string_view key) {
  for (std::size_t at = json.find(key); at != std::string_view::npos; at = json.find(key, at + 1)) {
    if (at > 0 && json[at - 1] == '"') return true;
  }
  return false;
}

/// A key may be written with escapes (`"\u0074oken"`), which is rare enough for a parser of its own.
std::string unescape(std::string_view quoted) {
  thread_local simdjson::dom::parser parser;
  const simdjson::padded_string padded(quoted);
  std::string_view text;
  if (parser.parse(padded).get_string().get(text) != simdjson::SUCCESS) return std::string(quoted);
  return std::string(text);
}

bool is_one_of(std::string_view quoted, std::span<const std::string_view> keys) {
  const auto among_keys = [&](std::string_view key) { return std::ranges::find(keys, key) != keys.end(); };
  if (quoted.find('\\') != std::string_view::npos) return among_keys(unescape(quoted));
  return among_keys(quoted.substr(1, quoted.size() - 2));
}

}  // namespace

bool may_hold_member(std::string_view json, std::span<const std::string_view> keys) {
  if (keys.empty()) return false;
  if (json.find('\\') != std::string_view::npos) return true;
  return std::ranges::any_of(keys, [&](std::string_view key) { return holds_quoted(json, key); });
}

std::string without_members(std::string_view json, std::span<const std::string_view> keys) {
  std::string kept;
  kept.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    if (json[at] != '"') {
      kept += json[at++];
      continue;
    }
    const std::string_view string = slice_value(json, at).text;
    at += string.size();
    // In valid JSON only a key is followed by a colon.
    const bool is_key = at + 1 < json.size() && json[at] == ':';
    if (!is_key || !is_one_of(string, keys)) {
      kept += string;
      continue;
    }
    at += 1 + slice_value(json, at + 1).text.size();
    // One of the two commas around the member goes with it.
    if (at < json.size() && json[at] == ',') {
      ++at;
    } else if (kept.ends_with(',')) {
      kept.pop_back();
    }
  }
  return kept;
}

}  // namespace mirror::api
