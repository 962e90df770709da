#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/connection.hpp"
#include "db/pqxx_compat.hpp"

namespace mirror::db {

/// One transaction: BEGIN in the constructor with SET LOCAL timeouts and time zone UTC, ROLLBACK in the destructor
/// unless committed. Every library exception leaves as Error: SQLSTATE class 08, 40, 53, 55, 57, 58 and lost
/// connections are unavailable, 42501 and 28 refused, 22, 23 and 54 bad_data, 3D and other 42 misconfigured, AM001
/// lease_lost. An Error of Fault::unavailable out of a commit leaves open whether it happened. Not thread-safe.
class Transaction {
 public:
  explicit Transaction(Connection& connection);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// Runs one statement. Arguments are $1, $2, ... : text, numbers, bool, std::optional of these.
  template <typename... Args>
  Result run(const std::string& sql, const Args&... args) {
    return translated([&] { return compat::run(connection_.raw(), sql, args...); });
  }

  /// The same with as many arguments as `arguments` has.
  Result run_list(const std::string& sql, const std::vector<std::optional<std::string>>& arguments);

  void commit();
  /// Sends `last_statement` and COMMIT in one message, so that nothing can come between them (rule R11).
  void commit_with(const std::string& last_statement);

  [[nodiscard]] Connection& connection() const { return connection_; }

 private:
  template <typename Action>
  auto translated(Action action) -> decltype(action()) {
    try {
      return action();
    } catch (...) {
      rethrow_translated();
    }
  }
  [[noreturn]] static void rethrow_translated();
  void end_with(const std::string& statements);

  Connection& connection_;
  bool open_ = true;
};

}  // namespace mirror::db
