#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mirror::db {

class Transaction;

/// A request to the daemon that holds the lease, and its answer. Arguments and results are JSON text.
struct CommandRecord {
  std::int64_t id = 0;
  std::string kind;  ///< sync, approve, erase, ...
  std::string arguments;
  std::string requested_by;
  bool finished = false;
  std::string outcome;  ///< done or failed
  std::string result;
};

/// The table commands of one environment (rule R11: commands that write are handed to the lease's holder).
/// Not thread-safe.
class CommandStore {
 public:
  explicit CommandStore(std::string environment) : environment_(std::move(environment)) {}

  std::int64_t request(Transaction& transaction, std::string_view kind, std::string_view arguments,
                       std::string_view requested_by) const;
  [[nodiscard]] std::vector<CommandRecord> read_waiting(Transaction& transaction) const;
  [[nodiscard]] std::optional<CommandRecord> read(Transaction& transaction, std::int64_t id) const;
  void finish(Transaction& transaction, std::int64_t id, std::string_view outcome, std::string_view result) const;
  /// Withdraws a request that nobody has begun; the one who asked gave up.
  void withdraw(Transaction& transaction, std::int64_t id) const;

 private:
  std::string environment_;
};

}  // namespace mirror::db
