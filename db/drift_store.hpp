#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mirror::db {

class Transaction;

/// Corrections of one kind.
struct DriftCount {
  std::string table;
  std::string cause;
  std::int64_t rows = 0;
  std::string example_id;
};

/// The table drift of one environment. Not thread-safe.
class DriftStore {
 public:
  explicit DriftStore(std::string environment) : environment_(std::move(environment)) {}

  /// Adds to what snapshot `snapshot_id` has corrected.
  void add(Transaction& transaction, std::int64_t snapshot_id, const DriftCount& count) const;
  /// Sums over all snapshots, by table and cause.
  [[nodiscard]] std::vector<DriftCount> totals(Transaction& transaction) const;

 private:
  std::string environment_;
};

}  // namespace mirror::db
