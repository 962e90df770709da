#pragma once

#include <stop_token>
#include <thread>

#include "db/connection.hpp"

namespace mirror::sync {

/// Lets a stop end a connection's statement that the database does not answer, for example one that waits for a lock:
/// it is cancelled a little after the stop was requested, and so is each later one, so that the process ends within 5
/// s. Must outlive the connection's work. Made and destroyed by one thread.
class StopGuard {
 public:
  /// `what` names the connection in the log.
  StopGuard(db::Canceller statement, const char* what, std::stop_token stop);

 private:
  std::jthread thread_;
};

}  // namespace mirror::sync
