#include "api/column_value.hpp"

#include "support/instant.hpp"

namespace mirror::api {
namespace {

namespace dom = simdjson::dom;

std::optional<std::string_view> string_of(dom::element value) {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

std::optional<std::string_view> boolean_of(dom::element value) {
  bool truth = false;
  if (value.get_bool().get(truth) != simdjson::SUCCESS) return std::nullopt;
  return truth ? "t" : "f";
}

std::optional<std::string_view> instant_of(dom::element value, std::string& scratch) {
  const auto text = string_of(value);
  const auto instant = text ? parse_instant(*text) : std::nullopt;
  if (!instant) return std::nullopt;
  scratch.clear();
  append_instant(scratch, *instant);
  return scratch;
}

/// `{"slug": "admin"}`, or the bare slug.
std::optional<std::string_view> slug_of(dom::element value) {
  dom::element slug;
  if (value.is_object() && value.at_key("slug").get(slug) == simdjson::SUCCESS) return string_of(slug);
  return string_of(value);
}

/// PostgreSQL's array literal, each element quoted.
std::optional<std::string_view> slugs_of(dom::element value, std::string& scratch) {
  dom::array roles;
  if (value.get_array().get(roles) != simdjson::SUCCESS) return std::nullopt;
  scratch.assign(1, '{');
  for (const dom::element role : roles) {
    const auto slug = slug_of(role);
    if (!slug) continue;
    if (scratch.size() > 1) scratch += ',';
    scratch += '"';
    for (const char c : *slug) {
      if (c == '"' || c == '\\') scratch += '\\';
      scratch += c;
    }
    scratch += '"';
  }
  scratch += '}';
  return scratch;
}

}  // namespace

std::optional<std::string_view> column_value(ColumnType type, dom::element value, std::string_view text,
                                             std::string& scratch) {
  if (value.is_null()) return std::nullopt;
  switch (type) {
    case ColumnType::text:
      return value.is_string() ? string_of(value) : text;
    case ColumnType::boolean:
      return boolean_of(value);
    case ColumnType::instant:
      return instant_of(value, scratch);
    case ColumnType::json:
      return text;
    case ColumnType::slug:
      return slug_of(value);
    case ColumnType::slugs:
      return slugs_of(value, scratch);
  }
  return std::nullopt;
}

}  // namespace mirror::api
