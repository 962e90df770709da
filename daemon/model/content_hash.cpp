#include "model/content_hash.hpp"

#include <charconv>

namespace mirror {
namespace {

void append_hex(std::string& out, std::uint64_t value) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) out += digits[(value >> shift) & 0xF];
}

bool read_hex(std::string_view text, std::uint64_t& value) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::string to_hex(const ContentHash& hash) {
  std::string out;
  out.reserve(48);
  for (const auto part : {hash.high, hash.low, hash.observed}) append_hex(out, part);
  return out;
}

std::optional<ContentHash> parse_hash(std::string_view hex) noexcept {
  ContentHash hash;
  if (hex.size() != 48) return std::nullopt;
  const bool whole = read_hex(hex.substr(0, 16), hash.high) && read_hex(hex.substr(16, 16), hash.low) &&
                     read_hex(hex.substr(32), hash.observed);
  return whole ? std::optional(hash) : std::nullopt;
}

}  // namespace mirror
