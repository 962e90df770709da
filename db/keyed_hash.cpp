#include "db/keyed_hash.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "support/error.hpp"

namespace mirror::db {
namespace {

void require(bool done) {
  if (!done) throw Error(Fault::bug, "OpenSSL can't compute HMAC-SHA-256");
}

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

int digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

}  // namespace

KeyedHash::KeyedHash(std::string_view key) {
  require(key.size() == key_bytes);
  const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr), EVP_MAC_free);
  require(mac != nullptr);
  context_ = std::shared_ptr<void>(EVP_MAC_CTX_new(mac.get()),
                                   [](void* context) { EVP_MAC_CTX_free(static_cast<EVP_MAC_CTX*>(context)); });
  require(context_ != nullptr);
  std::string digest = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
                                   OSSL_PARAM_construct_end()};
  require(EVP_MAC_init(static_cast<EVP_MAC_CTX*>(context_.get()), bytes(key), key.size(), parameters) == 1);
}

Digest KeyedHash::of(std::string_view first, std::string_view second) const {
  auto* context = static_cast<EVP_MAC_CTX*>(context_.get());
  Digest digest{};
  std::size_t length = 0;
  // Without a key the context begins anew with the one it has.
  require(EVP_MAC_init(context, nullptr, 0, nullptr) == 1 && EVP_MAC_update(context, bytes(first), first.size()) == 1 &&
          EVP_MAC_update(context, bytes(second), second.size()) == 1 &&
          EVP_MAC_final(context, digest.data(), &length, digest.size()) == 1);
  return digest;
}

std::string KeyedHash::make_key() {
  std::string key(key_bytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), static_cast<int>(key.size())) != 1) {
    throw Error(Fault::unavailable, "the system gives no random bytes for the key of erasures");
  }
  return key;
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text += digits[value >> 4U];
    text += digits[value & 15U];
  }
  return text;
}

std::string hex(const Digest& digest) {
  return hex(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

std::string from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
    const int high = digit_value(text[at]);
    const int low = digit_value(text[at + 1]);
    if (high < 0 || low < 0) break;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

}  // namespace mirror::db
