#pragma once

#include <string>
#include <vector>

#include "app/check_report.hpp"

namespace mirror::api {
class EventsApi;
}  // namespace mirror::api

namespace mirror::app {

/// Whether the key may read events, and WorkOS knows the `types` that the daemon follows. Reads one event, again
/// without each type that is refused. Never throws Error: a problem is a line.
CheckLine check_events(const api::EventsApi& events, std::vector<std::string> types);

}  // namespace mirror::app
