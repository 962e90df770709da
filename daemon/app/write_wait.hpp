#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stop_token>

#include "api/operation.hpp"
#include "api/operation_values.hpp"
#include "app/config.hpp"
#include "db/sighting.hpp"
#include "support/exit_code.hpp"

namespace mirror::app {

/// True if the operation may change an object that is mirrored.
bool writes_mirrored_object(const api::Operation& operation);

/// What the mirror will show once it has seen what `operation` did: the version in its answer, or the deletion of the
/// object that it was about; a user may be a member of the answer. Empty if the answer holds no mirrored object.
std::optional<db::Awaited> awaited_after(const api::Operation& operation, const api::OperationValues& values,
                                         const nlohmann::ordered_json& answer);

/// Lets a job read its own writes. Made before the write, so that a database that is away is noticed first. Not
/// thread-safe.
class WriteWait {
 public:
  /// Throws Error if the mirror's database can't be used.
  WriteWait(const Config& config, std::chrono::milliseconds timeout);

  /// Waits for what the write did; says on stderr what is missing. done, or try_later: the write happened, but the
  /// mirror has not shown it yet.
  ExitCode wait_for(const std::optional<db::Awaited>& awaited, const std::stop_token& stop);

 private:
  std::string environment_;
  std::chrono::milliseconds timeout_;
  db::Connection connection_;
};

}  // namespace mirror::app
