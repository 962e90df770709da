#pragma once

#include <chrono>
#include <stop_token>
#include <string>

#include "db/connection.hpp"
#include "db/sighting.hpp"

namespace mirror::sync {

/// How a wait ended.
struct WaitOutcome {
  db::Sighting sighting = db::Sighting::none;  ///< none: the time is over, or the stop was requested
  std::string reason;                          ///< then: what keeps the mirror from showing it, if that is known
};

/// Reads your own writes: waits until the mirror shows `awaited`. Looks every quarter of a second, and at once when the
/// change feed moves and a notification of it reaches us. `connection` is used by nobody else meanwhile. Throws Error.
WaitOutcome wait_for(db::Connection& connection, const std::string& environment, const db::Awaited& awaited,
                     std::chrono::milliseconds timeout, const std::stop_token& stop);

}  // namespace mirror::sync
