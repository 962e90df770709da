#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "support/exit_code.hpp"

namespace mirror {

/// What went wrong, sorted by what the caller may do next rather than by which library noticed.
enum class Fault {
  unavailable,    ///< network, 5xx, 429, database away, disk full: nothing is lost, try again later
  refused,        ///< 401, 403, missing privilege: a person has to act, the stream or process rests
  bad_data,       ///< one item can't be decoded or stored: park it and go on
  misconfigured,  ///< configuration or schema: a person has to act, retrying is pointless
  lease_lost,     ///< another process writes this environment now: this transaction wrote nothing
  usage,          ///< the command line
  stopped,        ///< a stop was requested; not a failure
  bug             ///< a promise of our own code is broken
};

/// The base of every error thrown across a folder's edge. Library exceptions are translated into it once, where the
/// library is called. `what()` names the thing and the cause; `next_step()` says what a person should do (may be
/// empty). Neither ever contains a secret, an email address or a person's name.
class Error : public std::runtime_error {
 public:
  Error(Fault fault, const std::string& message, std::string next_step = {})
      : std::runtime_error(message), fault_(fault), next_step_(std::move(next_step)) {}

  [[nodiscard]] Fault fault() const noexcept { return fault_; }
  [[nodiscard]] const std::string& next_step() const noexcept { return next_step_; }
  /// True if the same call may succeed later without anybody doing anything.
  [[nodiscard]] bool retries_help() const noexcept {
    return fault_ == Fault::unavailable || fault_ == Fault::lease_lost;
  }

 private:
  Fault fault_;
  std::string next_step_;
};

/// The exit code of a process that ends because of `fault`.
ExitCode exit_code(Fault fault) noexcept;

/// "unavailable", "refused", ...: for logs, health and metrics.
std::string_view to_string(Fault fault) noexcept;

}  // namespace mirror
