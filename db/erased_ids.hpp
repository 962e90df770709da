#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "db/keyed_hash.hpp"

namespace mirror::db {

class Transaction;

/// The ids of one environment that must not be stored again, known by keyed hashes only. Costs nothing as long as
/// nobody was erased. Only the holder of the lease adds to them, so one who holds it knows them all. Not thread-safe.
class ErasedIds {
 public:
  explicit ErasedIds(std::string environment) : prefix_(std::move(environment) + '\n') {}

  /// Reads them from the database.
  void load(Transaction& transaction);
  /// Makes the key if there is none yet, in this transaction.
  void require_key(Transaction& transaction);
  void add(std::string_view id) { hashes_.insert(hash(id)); }

  [[nodiscard]] bool any() const { return !hashes_.empty(); }
  [[nodiscard]] std::size_t size() const { return hashes_.size(); }
  [[nodiscard]] bool holds(std::string_view id) const { return any() && !id.empty() && hashes_.contains(hash(id)); }
  /// Throws std::bad_optional_access without a key.
  [[nodiscard]] Digest hash(std::string_view id) const { return key_.value().of(prefix_, id); }
  /// What the change feed calls an erased object, as the SQL function erased_name() does.
  [[nodiscard]] std::string name(std::string_view id) const { return "erased:" + hex(hash(id)); }

  /// Counts what was left out because of them.
  void note_left_out(std::uint64_t count) const { left_out_ += count; }
  [[nodiscard]] std::uint64_t take_left_out() const { return std::exchange(left_out_, 0); }

 private:
  struct FirstBytes {
    std::size_t operator()(const Digest& digest) const {
      std::size_t value = 0;
      std::memcpy(&value, digest.data(), sizeof value);
      return value;
    }
  };

  std::string prefix_;
  std::optional<KeyedHash> key_;
  std::unordered_set<Digest, FirstBytes> hashes_;
  mutable std::uint64_t left_out_ = 0;
};

}  // namespace mirror::db
