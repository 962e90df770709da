#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/monthly_partitions.hpp"

namespace mirror::db {

class Transaction;

/// A month of the change feed that is to go, and how far it has been read for the end of the history in it.
struct FeedMonth : OldMonth {
  std::int64_t read_through = 0;         ///< seq of the last change read
  std::optional<std::string> last_at{};  ///< newest instant of the API in what was read, as PostgreSQL prints it
  bool is_read = false;                  ///< to its end
};

/// How long the change feed of one environment is kept. Not thread-safe.
class FeedRetention {
 public:
  explicit FeedRetention(std::string environment) : environment_(std::move(environment)) {}

  /// Makes the feed's partitions of this month and the next, by the database's clock. Without one nothing can be
  /// recorded.
  void prepare_partitions(Transaction& transaction) const;
  /// The months that ended longer than `age_seconds` ago, by the database's clock, oldest first.
  [[nodiscard]] std::vector<FeedMonth> months_older_than(Transaction& transaction, std::int64_t age_seconds) const;
  /// Lets history begin after one of them, then drops it. Reads up to `most` changes; if those of other environments
  /// keep it, up to `most` of this one go. A month that is unfinished is to be passed again as it is then.
  Forgetting forget(Transaction& transaction, FeedMonth& month, int most) const;

 private:
  void read_on(Transaction& transaction, FeedMonth& month, int most) const;
  void shorten_history(Transaction& transaction, const std::string& last_at) const;

  std::string environment_;
};

}  // namespace mirror::db
