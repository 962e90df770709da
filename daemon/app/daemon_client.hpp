#pragma once

#include <optional>
#include <string>

namespace mirror::app {

/// What /healthz of the daemon at `listen` answers about an environment, whatever the status code; empty if nobody
/// answers within a second or the answer is not from a daemon like this one, with that environment.
std::optional<std::string> ask_daemon_health(const std::string& listen, const std::string& environment);

}  // namespace mirror::app
