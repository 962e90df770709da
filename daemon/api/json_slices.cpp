#include "api/json_slices.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace mirror::api {
namespace {

constexpr std::uint64_t ones = 0x0101010101010101;
constexpr std::uint64_t high_bits = 0x8080808080808080;

/// Not 0 if one of the eight bytes is `byte`; the lowest bit set then stands in the first such byte.
std::uint64_t find_byte(std::uint64_t eight, char byte) {
  const std::uint64_t difference = eight ^ (ones * static_cast<unsigned char>(byte));
  return (difference - ones) & ~difference & high_bits;
}

/// The first quote or backslash from `at` on. Eight bytes at a time: most of a page is inside of strings.
std::size_t find_quote_or_escape(std::string_view text, std::size_t at) {
  if constexpr (std::endian::native == std::endian::little) {
    for (; at + 8 <= text.size(); at += 8) {
      std::uint64_t eight = 0;
      std::memcpy(&eight, text.data() + at, 8);
      const std::uint64_t found = find_byte(eight, '"') | find_byte(eight, '\\');
      if (found != 0) return at + static_cast<std::size_t>(std::countr_zero(found)) / 8;
    }
  }
  while (at < text.size() && text[at] != '"' && text[at] != '\\') ++at;
  return at;
}

/// One behind the closing quote of the string that opens at `at`; the text's end if it is not closed.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  at = find_quote_or_escape(text, at + 1);
  while (at < text.size() && text[at] == '\\') at = find_quote_or_escape(text, at + 2);
  return std::min(at + 1, text.size());
}

Slice slice_container(std::string_view text, std::size_t begin) {
  int open = 0;
  int deepest = 0;
  for (std::size_t at = begin; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      at = end_of_string(text, at);
      continue;
    }
    ++at;
    if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++open);
    } else if ((c == '}' || c == ']') && --open == 0) {
      return {text.substr(begin, at - begin), deepest};
    }
  }
  return {text.substr(begin), deepest};
}

bool is_digit(std::string_view text, std::size_t at) {
  return at < text.size() && text[at] >= '0' && text[at] <= '9';
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (is_digit(text, at)) ++at;
  return at;
}

/// One behind the number that starts at `at`, or `at` if none is written there by the grammar of RFC 8259.
std::size_t end_of_number(std::string_view text, std::size_t begin) {
  std::size_t at = begin + (text[begin] == '-' ? 1 : 0);
  if (!is_digit(text, at)) return begin;
  at = text[at] == '0' ? at + 1 : skip_digits(text, at);
  if (at < text.size() && text[at] == '.') {
    if (!is_digit(text, at + 1)) return begin;
    at = skip_digits(text, at + 1);
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (!is_digit(text, at)) return begin;
    at = skip_digits(text, at);
  }
  return at;
}

}  // namespace

Slice slice_value(std::string_view text, std::size_t at) {
  if (text[at] == '{' || text[at] == '[') return slice_container(text, at);
  if (text[at] == '"') return {text.substr(at, end_of_string(text, at) - at), 0};
  return {text.substr(at, text.find_first_of(",}]", at) - at), 0};
}

bool MemberSlices::next(std::string_view& key, Slice& value) {
  if (!next_key(key)) return false;
  value = this->value();
  return true;
}

bool MemberSlices::next_key(std::string_view& key) {
  if (at_ < text_.size() && text_[at_] == ',') ++at_;
  if (at_ >= text_.size() || text_[at_] != '"') return false;
  key = text_.substr(at_, end_of_string(text_, at_) - at_);
  at_ += key.size() + 1;  // and the colon
  return at_ < text_.size();
}

Slice MemberSlices::value() {
  const Slice value = slice_value(text_, at_);
  at_ += value.text.size();
  return value;
}

bool ElementSlices::next(Slice& element) {
  if (at_ < text_.size() && text_[at_] == ',') ++at_;
  if (at_ >= text_.size() || text_[at_] == ']') return false;
  element = slice_value(text_, at_);
  at_ += element.text.size();
  return true;
}

std::string blank_numbers(std::string_view json) {
  std::string blank(json);
  for (std::size_t at = 0; at < json.size();) {
    if (json[at] == '"') {
      at = end_of_string(json, at);
    } else if (json[at] == '-' || is_digit(json, at)) {
      const std::size_t end = std::max(at + 1, end_of_number(json, at));
      if (end_of_number(json, at) > at) {
        std::fill(blank.begin() + static_cast<std::ptrdiff_t>(at), blank.begin() + static_cast<std::ptrdiff_t>(end),
                  ' ');
        blank[at] = '0';
      }
      at = end;
    } else {
      ++at;
    }
  }
  return blank;
}

}  // namespace mirror::api
