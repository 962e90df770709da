#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mirror::db {

class Transaction;

/// An object that could not be decoded or stored.
struct QuarantinedObject {
  std::string id;  ///< empty if it has none that can be read: a hash of `raw` stands for it
  std::string error;
  std::string raw;
};

/// The table quarantine of one environment. Not thread-safe.
class QuarantineStore {
 public:
  explicit QuarantineStore(std::string environment) : environment_(std::move(environment)) {}

  void park(Transaction& transaction, std::string_view table, const QuarantinedObject& object) const;
  /// True if the object is parked already.
  [[nodiscard]] bool contains(Transaction& transaction, std::string_view table, const QuarantinedObject& object) const;
  /// Objects of `table` that were decoded and stored after all leave the quarantine; returns how many.
  long release(Transaction& transaction, std::string_view table, const std::vector<std::string>& ids) const;
  /// Objects of `table` that snapshot `snapshot_id` has not met, though it met every object there is: they were
  /// deleted, or can be decoded now and had no id before. Returns how many left.
  long forget_unseen(Transaction& transaction, std::string_view table, std::int64_t snapshot_id) const;
  [[nodiscard]] long count(Transaction& transaction) const;

 private:
  std::string environment_;
};

}  // namespace mirror::db
