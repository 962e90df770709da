#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace mirror::db {

using Digest = std::array<unsigned char, 32>;

/// HMAC-SHA-256 with one key over many short texts. Not thread-safe.
class KeyedHash {
 public:
  static constexpr std::size_t key_bytes = 32;

  /// Throws Error (bug) if the key has another length or OpenSSL refuses.
  explicit KeyedHash(std::string_view key);

  [[nodiscard]] Digest of(std::string_view first, std::string_view second) const;

  /// A new random key. Throws Error (unavailable) if the system has no randomness.
  static std::string make_key();

 private:
  std::shared_ptr<void> context_;  ///< an EVP_MAC_CTX that holds the key
};

/// As PostgreSQL's encode(…, 'hex') writes it.
std::string hex(std::string_view bytes);
std::string hex(const Digest& digest);
/// The bytes of lower-case hexadecimal text; stops at what is none.
std::string from_hex(std::string_view text);

}  // namespace mirror::db
