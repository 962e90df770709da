#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdint>
#include <string>

namespace mirror::test {

/// The hexadecimal HMAC-SHA256 of "<time>.<body>", by another function of OpenSSL than the one under test.
inline std::string webhook_digest(const std::string& secret, const std::string& time, const std::string& body) {
  const std::string message = time + "." + body;
  std::array<unsigned char, 32> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest.data(), &size);
  constexpr const char* digits = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

/// The header as WorkOS writes it.
inline std::string webhook_header(const std::string& secret, std::int64_t milliseconds, const std::string& body) {
  const std::string time = std::to_string(milliseconds);
  return "t=" + time + ", v1=" + webhook_digest(secret, time, body);
}

}  // namespace mirror::test
