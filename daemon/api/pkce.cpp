#include "api/pkce.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <span>

#include "support/error.hpp"

namespace mirror::api {
namespace {

constexpr std::size_t random_bytes = 32;

/// Base64 with the alphabet of RFC 4648, section 5, without padding.
std::string base64url(std::span<const unsigned char> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return text;
}

}  // namespace

Secret new_code_verifier() {
  std::array<unsigned char, random_bytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw Error(Fault::unavailable, "the system has no random bytes for a code verifier");
  }
  return Secret(base64url(bytes));
}

std::string code_challenge(std::string_view verifier) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(verifier.data(), verifier.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw Error(Fault::bug, "SHA-256 does not work");
  }
  return base64url(std::span(digest).first(size));
}

}  // namespace mirror::api
