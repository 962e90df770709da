#include "http/webhook_signature.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>

#include "support/error.hpp"

namespace mirror::http {
namespace {

constexpr std::size_t digest_size = 32;
/// Enough for the year 9999, and far from where microseconds would overflow.
constexpr std::size_t most_time_digits = 15;
constexpr std::int64_t microseconds_per_millisecond = 1000;

using Digest = std::array<unsigned char, digest_size>;

/// The header taken apart; `time` as it was written, since the signature covers the text.
struct Parts {
  std::optional<std::string_view> time;
  std::optional<std::string_view> digest;
  bool repeated = false;
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

void keep(std::optional<std::string_view>& place, std::string_view value, Parts& parts) {
  if (place) parts.repeated = true;
  place = value;
}

/// Parts of other names may be future versions of the signature: they are not ours to judge.
Parts take_apart(std::string_view header) {
  Parts parts;
  while (!header.empty()) {
    const std::size_t comma = std::min(header.find(','), header.size());
    const std::string_view part = trimmed(header.substr(0, comma));
    header.remove_prefix(std::min(comma + 1, header.size()));
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = part.substr(0, equals);
    const std::string_view value = part.substr(equals + 1);
    if (name == "t") keep(parts.time, value, parts);
    if (name == "v1") keep(parts.digest, value, parts);
  }
  return parts;
}

std::optional<Instant> read_time(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || text.size() > most_time_digits || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  std::int64_t milliseconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), milliseconds);
  return Instant{milliseconds * microseconds_per_millisecond};
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<Digest> read_digest(std::string_view hex) {
  Digest digest{};
  if (hex.size() != 2 * digest_size) return std::nullopt;
  for (std::size_t i = 0; i < digest_size; ++i) {
    const int high = hex_value(hex[2 * i]);
    const int low = hex_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    digest[i] = static_cast<unsigned char>(high << 4 | low);
  }
  return digest;
}

/// Looking the algorithm up takes longer than signing, so it is done once per process.
EVP_MAC* hmac() {
  static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
  return algorithm;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Digest sign(const Secret& secret, std::string_view time, std::string_view body) {
  const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context(EVP_MAC_CTX_new(hmac()), &EVP_MAC_CTX_free);
  std::string algorithm = "SHA256";
  const std::array parameters{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, algorithm.data(), 0),
                              OSSL_PARAM_construct_end()};
  const std::string& key = secret.expose();
  Digest digest{};
  std::size_t size = 0;
  const bool done = context && EVP_MAC_init(context.get(), bytes_of(key), key.size(), parameters.data()) == 1 &&
                    EVP_MAC_update(context.get(), bytes_of(time), time.size()) == 1 &&
                    EVP_MAC_update(context.get(), bytes_of("."), 1) == 1 &&
                    EVP_MAC_update(context.get(), bytes_of(body), body.size()) == 1 &&
                    EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) == 1;
  if (!done || size != digest.size()) throw Error(Fault::bug, "OpenSSL can't make an HMAC-SHA256");
  return digest;
}

/// Tries every secret also after one has matched.
bool matches_any(const Digest& received, std::string_view time, std::string_view body,
                 const std::vector<Secret>& secrets) {
  bool matched = false;
  for (const Secret& secret : secrets) {
    if (secret.empty()) continue;
    const Digest expected = sign(secret, time, body);
    matched |= CRYPTO_memcmp(expected.data(), received.data(), digest_size) == 0;
  }
  return matched;
}

}  // namespace

std::string_view describe(SignatureCheck check) noexcept {
  switch (check) {
    case SignatureCheck::valid:
      return "is valid";
    case SignatureCheck::missing:
      return "is missing";
    case SignatureCheck::repeated:
      return "is there more than once";
    case SignatureCheck::malformed:
      return "is malformed";
    case SignatureCheck::wrong:
      return "was made with another secret or for another body";
    case SignatureCheck::stale:
      return "is too old";
    case SignatureCheck::ahead:
      return "is from the future";
  }
  return "is malformed";
}

SignatureCheck check_signature(const std::vector<std::string_view>& headers, std::string_view body,
                               const std::vector<Secret>& secrets, Instant now, std::chrono::milliseconds tolerance) {
  if (headers.empty()) return SignatureCheck::missing;
  if (headers.size() > 1) return SignatureCheck::repeated;
  const Parts parts = take_apart(headers.front());
  if (parts.repeated) return SignatureCheck::repeated;
  if (!parts.time || !parts.digest) return SignatureCheck::malformed;
  const auto time = read_time(*parts.time);
  const auto digest = read_digest(*parts.digest);
  if (!time || !digest) return SignatureCheck::malformed;
  if (!matches_any(*digest, *parts.time, body, secrets)) return SignatureCheck::wrong;
  const std::int64_t allowed = std::chrono::microseconds{tolerance}.count();
  if (now.microseconds - time->microseconds > allowed) return SignatureCheck::stale;
  return time->microseconds - now.microseconds > allowed ? SignatureCheck::ahead : SignatureCheck::valid;
}

}  // namespace mirror::http
