#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mirror::db {

class Transaction;

/// How long the change feed of one environment is kept. Not thread-safe.
class FeedRetention {
 public:
  explicit FeedRetention(std::string environment) : environment_(std::move(environment)) {}

  /// Makes the feed's partitions of this month and the next, by the database's clock. Without one nothing can be
  /// recorded.
  void prepare_partitions(Transaction& transaction) const;
  /// Drops months that ended longer than `age_seconds` ago, by the database's clock, and lets history begin later;
  /// returns the names of the partitions that went. Changes of other environments stay.
  std::vector<std::string> drop_older_than(Transaction& transaction, std::int64_t age_seconds) const;

 private:
  void shorten_history(Transaction& transaction, const std::string& partition) const;

  std::string environment_;
};

}  // namespace mirror::db
