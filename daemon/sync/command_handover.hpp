#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "db/command_store.hpp"
#include "db/connection.hpp"
#include "support/clock.hpp"
#include "sync/status_board.hpp"

namespace mirror::db {
class Transaction;
}

namespace mirror::sync {

/// How often the two sides of a command look at each other.
inline constexpr std::chrono::milliseconds command_poll{500};

/// Hands commands to the process that holds an environment's lease, by way of the database, and shows meanwhile on the
/// asking process's own board how far it is. Not thread-safe.
class CommandHandover {
 public:
  /// `instance` is who asks; a holder that gives no sign of life for `holder_ttl` counts as gone.
  CommandHandover(db::Connection& connection, const std::string& environment, std::string instance,
                  std::chrono::seconds holder_ttl, Clock& clock, StatusBoard& board);

  /// The holder's answer as JSON; empty if it vanished before it answered, then the command is withdrawn. Throws the
  /// holder's Error, and Error (stopped).
  std::optional<std::string> ask(const std::string& kind, const std::string& arguments, const std::stop_token& stop);

 private:
  template <typename Action>
  auto in_transaction(Action action);
  [[nodiscard]] bool is_holder_gone();
  void withdraw(std::int64_t id);
  void follow(db::Transaction& transaction);

  db::Connection& connection_;
  const std::string environment_;
  const db::CommandStore commands_;
  const std::string instance_;
  const std::chrono::seconds holder_ttl_;
  Clock& clock_;
  StatusBoard& board_;
};

}  // namespace mirror::sync
