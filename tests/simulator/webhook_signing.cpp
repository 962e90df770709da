#include "tests/simulator/webhook_signing.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace mirror::simulator {

std::string sign_webhook(const std::string& secret, Instant now, std::string_view body) {
  const std::string time = std::to_string(now.microseconds / 1000);
  std::string message = time + ".";
  message += body;
  std::array<unsigned char, 32> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest.data(), &size);
  std::string header = "t=" + time + ", v1=";
  constexpr std::string_view digits = "0123456789abcdef";
  for (const unsigned char byte : digest) {
    header += digits[byte >> 4];
    header += digits[byte & 15];
  }
  return header;
}

}  // namespace mirror::simulator
