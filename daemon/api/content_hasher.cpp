#include "api/content_hasher.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <tuple>

#include "support/error.hpp"

namespace mirror::api {
namespace {

/// Looking the algorithm up costs more than hashing an object, so it is done once per process.
const EVP_MD* sha256() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

void append_length(std::string& out, std::size_t length) {
  const auto byte = [&](int shift) { return static_cast<char>((length >> shift) & 0xFF); };
  const std::array<char, 4> bytes{byte(24), byte(16), byte(8), byte(0)};
  out.append(bytes.data(), bytes.size());
}

std::uint64_t big_endian(const unsigned char* bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | bytes[i];
  return value;
}

}  // namespace

struct ContentHasher::Digest {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~Digest() { EVP_MD_CTX_free(context); }
  Digest() = default;
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;
};

ContentHasher::ContentHasher() : digest_(std::make_unique<Digest>()) {}
ContentHasher::~ContentHasher() = default;

ContentHash ContentHasher::hash(std::vector<ContentMember>& members) {
  // By value too, so that the hash of an object that repeats a key is well defined.
  std::ranges::sort(members,
                    [](const auto& a, const auto& b) { return std::tie(a.key, a.value) < std::tie(b.key, b.value); });
  ContentHash hash;
  Bytes bytes{};
  digest(members, false, bytes);
  hash.high = big_endian(bytes.data());
  hash.low = big_endian(bytes.data() + 8);
  if (digest(members, true, bytes)) hash.observed = big_endian(bytes.data());
  return hash;
}

bool ContentHasher::digest(const std::vector<ContentMember>& members, bool observed, Bytes& bytes) {
  buffer_.clear();
  for (const ContentMember& member : members) {
    if (member.observed != observed) continue;
    append_length(buffer_, member.key.size());
    buffer_ += member.key;
    append_length(buffer_, member.value.size());
    buffer_ += member.value;
  }
  const bool hashed = EVP_DigestInit_ex2(digest_->context, sha256(), nullptr) == 1 &&
                      EVP_DigestUpdate(digest_->context, buffer_.data(), buffer_.size()) == 1 &&
                      EVP_DigestFinal_ex(digest_->context, bytes.data(), nullptr) == 1;
  if (!hashed) throw Error(Fault::bug, "OpenSSL could not compute a SHA-256 hash");
  return !buffer_.empty();
}

}  // namespace mirror::api
