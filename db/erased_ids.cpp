#include "db/erased_ids.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "db/result_reader.hpp"
#include "db/transaction.hpp"

namespace mirror::db {
namespace {

/// What HMAC prepends: the key, filled up to a block of SHA-256, each byte combined with `pad`.
std::string padded(std::string_view key, unsigned char pad) {
  std::string block(64, '\0');
  std::copy(key.begin(), key.end(), block.begin());
  for (char& byte : block) byte = static_cast<char>(static_cast<unsigned char>(byte) ^ pad);
  return block;
}

}  // namespace

void ErasedIds::load(Transaction& transaction) {
  const auto& connection = transaction.connection();
  const auto key = transaction.run(fmt::format("SELECT encode(key, 'hex') FROM {}", connection.table("erasure_key")));
  hashes_.clear();
  key_.reset();
  if (key.empty()) return;
  key_.emplace(from_hex(*read_text(key, 0, 0)));
  const auto rows =
      transaction.run(fmt::format("SELECT encode(hash, 'hex') FROM {} WHERE _env = $1", connection.table("erased_ids")),
                      prefix_.substr(0, prefix_.size() - 1));
  for (int row = 0; row < static_cast<int>(rows.size()); ++row) {
    const auto bytes = from_hex(*read_text(rows, row, 0));
    Digest digest{};
    std::memcpy(digest.data(), bytes.data(), std::min(bytes.size(), digest.size()));
    hashes_.insert(digest);
  }
}

/// One that another environment has made meanwhile is used.
void ErasedIds::require_key(Transaction& transaction) {
  const auto table = transaction.connection().table("erasure_key");
  const auto key = KeyedHash::make_key();
  transaction.run(
      fmt::format("INSERT INTO {} (key, inner_pad, outer_pad) VALUES (decode($1, 'hex'), decode($2, 'hex'), "
                  "decode($3, 'hex')) ON CONFLICT DO NOTHING",
                  table),
      hex(key), hex(padded(key, 0x36)), hex(padded(key, 0x5c)));
  const auto stored = transaction.run(fmt::format("SELECT encode(key, 'hex') FROM {}", table));
  key_.emplace(from_hex(*read_text(stored, 0, 0)));
}

}  // namespace mirror::db
