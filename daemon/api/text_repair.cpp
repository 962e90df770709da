#include "api/text_repair.hpp"

#include <simdjson.h>

#include <cstring>
#include <optional>

namespace mirror::api {
namespace {

constexpr std::size_t escape_length = 6;  // \uXXXX

std::optional<unsigned> unicode_escape(const std::string& json, std::size_t at) {
  if (at + escape_length > json.size() || json[at] != '\\' || json[at + 1] != 'u') return std::nullopt;
  unsigned value = 0;
  for (std::size_t i = at + 2; i < at + escape_length; ++i) {
    const char c = json[i];
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(digit);
  }
  return value;
}

bool is_high_surrogate(unsigned unit) {
  return unit >= 0xD800 && unit <= 0xDBFF;
}
bool is_low_surrogate(unsigned unit) {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

/// The replacement has the length of what it replaces, so the text is changed in place.
std::uint32_t repair_escapes(std::string& json) {
  std::uint32_t replaced = 0;
  std::size_t at = json.find('\\');
  while (at != std::string::npos) {
    std::size_t length = 2;  // `\\` and `\"` are one escape each: what follows is not escaped by them
    if (const auto unit = unicode_escape(json, at)) {
      length = escape_length;
      const auto next = is_high_surrogate(*unit) ? unicode_escape(json, at + escape_length) : std::nullopt;
      if (next && is_low_surrogate(*next)) {
        length = 2 * escape_length;
      } else if (*unit == 0 || is_high_surrogate(*unit) || is_low_surrogate(*unit)) {
        json.replace(at, escape_length, "\\uFFFD");
        ++replaced;
      }
    }
    if (at + length >= json.size()) break;
    at = json.find('\\', at + length);
  }
  return replaced;
}

struct Sequence {
  std::size_t length;
  bool valid;
};

/// How long a sequence that begins with `lead` is; 0 if none does.
std::size_t length_after(unsigned lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

/// The UTF-8 sequence at `at`, or as much of its beginning as is well-formed (Unicode, section 3.9, table 3-7).
Sequence sequence_at(const std::string& text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(at);
  const std::size_t length = length_after(lead);
  if (length == 0) return {1, false};
  unsigned lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (std::size_t i = 1; i < length; ++i) {
    if (at + i >= text.size() || byte(at + i) < lowest || byte(at + i) > highest) return {i, false};
    lowest = 0x80;
    highest = 0xBF;
  }
  return {length, true};
}

std::uint32_t repair_bytes(std::string& json) {
  std::uint32_t replaced = 0;
  std::string repaired;
  repaired.reserve(json.size() + 64);
  for (std::size_t at = 0; at < json.size();) {
    const Sequence sequence = sequence_at(json, at);
    if (sequence.valid) {
      repaired.append(json, at, sequence.length);
    } else {
      repaired += "\xEF\xBF\xBD";
      ++replaced;
    }
    at += sequence.length;
  }
  json = std::move(repaired);
  return replaced;
}

}  // namespace

std::uint32_t repair_text(std::string& json) {
  std::uint32_t replaced = repair_escapes(json);
  if (!simdjson::validate_utf8(json.data(), json.size())) replaced += repair_bytes(json);
  return replaced;
}

}  // namespace mirror::api
