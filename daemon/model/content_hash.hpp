#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mirror {

/// 128 bits over an object's content (keys in sorted order, so that the API may reorder them). Equal hashes of one id
/// mean equal content; rows are compared by it without being read. A plain value.
struct ContentHash {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  friend bool operator==(const ContentHash&, const ContentHash&) = default;
};

/// 32 lower-case hexadecimal digits.
std::string to_hex(const ContentHash& hash);
std::optional<ContentHash> parse_hash(std::string_view hex) noexcept;

}  // namespace mirror
