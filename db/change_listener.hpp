#pragma once

#include <chrono>

#include "db/connection.hpp"

namespace mirror::db {

/// Wakes its owner when the change feed of the schema moves, where notifications reach: not through a transaction
/// pooler, not on a replica. It only speeds up a poll, so whoever uses it polls nevertheless. Takes the connection for
/// itself between transactions; not thread-safe.
class ChangeListener {
 public:
  /// Listens if that is possible. Throws Error if the session is lost.
  explicit ChangeListener(Connection& connection);

  [[nodiscard]] bool listens() const { return listens_; }
  /// Until a notification came, but at most so long. May return early.
  void wait(std::chrono::milliseconds most);

 private:
  Connection& connection_;
  bool listens_ = false;
};

}  // namespace mirror::db
