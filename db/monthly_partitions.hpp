#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mirror::db {

class Transaction;

/// What became of a month that one environment no longer wants.
enum class Forgetting {
  dropped,     ///< it is gone
  kept,        ///< something in it is needed, or somebody reads it; what may go has gone
  unfinished,  ///< more may go: to be asked for again
};

/// A month that is to go, and how far that has come. To be passed again as it is until nothing of it is left to do.
struct OldMonth {
  std::string name;                              ///< of the partition
  bool is_needed = false;                        ///< it can't be dropped: only this environment's rows go
  std::optional<std::string> deleted_through{};  ///< key of the last row that went
};

/// The rows of a month that one environment may delete.
struct OwnRows {
  std::string condition;  ///< SQL, with $1 = environment
  std::string key;        ///< column behind _env in an index
  std::string_view type;  ///< of the key
};

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
  [[nodiscard]] std::vector<OldMonth> older_than(Transaction& transaction, std::int64_t age_seconds) const;
  /// Keeps the writers of other environments from making and dropping months until the transaction ends; false if the
  /// month is gone.
  [[nodiscard]] bool claim(Transaction& transaction, const OldMonth& month) const;
  /// Drops a month that was claimed unless `is_needed`, which is asked again once nobody can write into it. Of one that
  /// is needed it deletes up to `most` of `environment`'s own rows. Waits for nobody who reads it: the transaction goes
  /// on unharmed.
  Forgetting forget(Transaction& transaction, OldMonth& month, const std::string& environment,
                    const std::function<bool()>& is_needed, const OwnRows& own, int most) const;

 private:
  void lock(Transaction& transaction) const;
  bool drop(Transaction& transaction, const std::string& name, const std::function<bool()>& is_needed) const;

  std::string table_;
  std::string setting_;
};

}  // namespace mirror::db
