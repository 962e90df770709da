#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mirror::db {

class Transaction;

/// The partitions of a table that is cut by month: `<table>_YYYY_MM`, by the database's clock in UTC. One of another
/// name is somebody else's and stays. A plain value.
class MonthlyPartitions {
 public:
  /// `setting` is the key of the configuration that says how long they are kept, for the log.
  MonthlyPartitions(std::string_view table, std::string_view setting) : table_(table), setting_(setting) {}

  /// Makes the month that begins at `first_day` (YYYY-MM-01), unless it is there.
  void ensure(Transaction& transaction, const std::string& first_day) const;
  /// Makes this month and the next.
  void prepare(Transaction& transaction) const;
  /// Those that ended longer than `age_seconds` ago, oldest first.
  [[nodiscard]] std::vector<std::string> older_than(Transaction& transaction, std::int64_t age_seconds) const;
  /// Drops one unless `is_needed`, which is asked again once nobody can write into it. Waits for nobody who reads it:
  /// returns false then, and the transaction goes on unharmed.
  bool drop(Transaction& transaction, const std::string& name, const std::function<bool()>& is_needed) const;

 private:
  std::string table_;
  std::string setting_;
};

}  // namespace mirror::db
