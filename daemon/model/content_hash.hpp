#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mirror {

/// What an object holds, as a number: rows are compared by it without being read. Independent of the order of keys, of
/// how text is escaped and of spaces. Fields that change without a new version (FieldOrder::observed) have a part of
/// their own, so that a sign-in can be told from a conflict (rule R1). A plain value.
struct ContentHash {
  std::uint64_t high = 0;  ///< with low: 128 bits over the versioned fields and all that no column knows
  std::uint64_t low = 0;
  std::uint64_t observed = 0;  ///< 64 bits over the observed fields; 0 if there are none

  [[nodiscard]] bool same_version(const ContentHash& other) const { return high == other.high && low == other.low; }
  friend bool operator==(const ContentHash&, const ContentHash&) = default;
};

/// 48 lower-case hexadecimal digits.
std::string to_hex(const ContentHash& hash);
std::optional<ContentHash> parse_hash(std::string_view hex) noexcept;

}  // namespace mirror
