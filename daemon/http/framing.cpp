#include "http/framing.hpp"

#include <algorithm>
#include <string_view>

namespace mirror::http {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2; names are lower-case here.
bool is_name(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || is_digit(c) || marks.find(c) != std::string_view::npos;
  });
}

bool is_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return c == '\0' || c == '\r' || c == '\n'; });
}

bool is_chunked(std::string_view coding) {
  return std::ranges::equal(coding, std::string_view{"chunked"}, {},
                            [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
}

}  // namespace

std::optional<std::string> find_ambiguity(const Request& head) {
  int lengths = 0;
  int codings = 0;
  int hosts = 0;
  for (const auto& [name, value] : head.headers) {
    if (!is_name(name) || !is_value(value)) return "a header has a malformed name or value";
    if (name == "host") ++hosts;
    if (name == "content-length") {
      ++lengths;
      if (value.empty() || value.size() > 18 || !std::ranges::all_of(value, is_digit)) {
        return "Content-Length must be a whole number";
      }
    }
    if (name == "transfer-encoding") {
      ++codings;
      if (!is_chunked(value)) return "Transfer-Encoding may only be chunked";
    }
  }
  if (lengths + codings > 1) return "the length of the body is given twice";
  if (hosts > 1) return "there are several Host headers";
  return std::nullopt;
}

}  // namespace mirror::http
