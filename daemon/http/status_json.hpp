#pragma once

#include <string>

#include "http/environment_view.hpp"

namespace mirror::http {

/// What the status page shows of `shown`, as JSON: the health report, what the database said when it was last asked,
/// the last hour by minutes, and its samples by name; and for all environments how they are. People appear as ids only.
/// Reads memory only, so that it answers while the database does not. Thread-safe.
std::string status_json(const EnvironmentView& shown, const EnvironmentViews& all, const Clock& clock);

}  // namespace mirror::http
