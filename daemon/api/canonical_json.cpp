#include "api/canonical_json.hpp"

#include <cmath>
#include <cstdint>
#include <map>

#include "api/json_slices.hpp"

namespace mirror::api {
namespace {

namespace dom = simdjson::dom;

void append_string(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

/// The parser knows no numbers of that size, and takes 0 for one that is none.
bool is_beyond_double(std::string_view digits, double number) {
  const auto mantissa = digits.substr(0, digits.find_first_of("eE"));
  return number == 0 && mantissa.find_first_of("123456789") != std::string_view::npos;
}

/// jsonb keeps a number's digits, but writes no exponents.
void append_number(std::string_view digits, dom::element value, std::string& out) {
  constexpr double exact_below = 9007199254740992;  // 2^53
  double number = 0;
  const bool has_exponent = digits.find_first_of("eE") != std::string_view::npos;
  if (has_exponent && value.is_double() && value.get_double().get(number) == simdjson::SUCCESS &&
      std::abs(number) < exact_below && std::trunc(number) == number && !is_beyond_double(digits, number)) {
    out += std::to_string(static_cast<std::int64_t>(number));
  } else {
    out += digits;
  }
}

void append_array(dom::array array, std::string_view json, std::string& out) {
  ElementSlices slices(json);
  Slice slice;
  out += '[';
  for (const dom::element element : array) {
    if (!slices.next(slice)) break;
    if (out.back() != '[') out += ',';
    append_canonical(element, slice.text, out);
  }
  out += ']';
}

/// `{"slug": "admin"}` for example: nothing to sort.
void append_only_member(dom::object object, std::string_view json, std::string& out) {
  const dom::key_value_pair member = *object.begin();
  std::string_view key_text;
  Slice value;
  if (!MemberSlices(json).next(key_text, value)) return;
  out += '{';
  append_string(member.key, out);
  out += ':';
  append_canonical(member.value, value.text, out);
  out += '}';
}

void append_object(dom::object object, std::string_view json, std::string& out) {
  if (object.size() == 1) return append_only_member(object, json, out);
  std::map<std::string_view, std::string> members;
  MemberSlices slices(json);
  std::string_view key_text;
  Slice value;
  for (const dom::key_value_pair member : object) {
    if (!slices.next(key_text, value)) break;
    std::string text;
    append_canonical(member.value, value.text, text);
    members.insert_or_assign(member.key, std::move(text));
  }
  out += '{';
  for (const auto& [key, text] : members) {
    if (out.back() != '{') out += ',';
    append_string(key, out);
    out += ':';
    out += text;
  }
  out += '}';
}

}  // namespace

bool has_other_spellings(std::string_view json) {
  switch (json.front()) {
    case '"':
      return json.find('\\') != std::string_view::npos;
    case '{':
    case '[':
      return json.size() > 2;
    default:
      return json.find_first_of("eE") != std::string_view::npos && json != "true" && json != "false";
  }
}

void append_canonical(dom::element value, std::string_view json, std::string& out) {
  switch (value.type()) {
    case dom::element_type::ARRAY:
      return append_array(value.get_array(), json, out);
    case dom::element_type::OBJECT:
      return append_object(value.get_object(), json, out);
    case dom::element_type::STRING:
      return append_string(value.get_string(), out);
    case dom::element_type::BOOL:
    case dom::element_type::NULL_VALUE:
      out += json;
      return;
    default:
      return append_number(json, value, out);
  }
}

}  // namespace mirror::api
