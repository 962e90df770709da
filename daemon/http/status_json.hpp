#pragma once

#include <string>
#include <vector>

#include "http/metrics_handler.hpp"

namespace mirror::http {

/// What the status page shows, as JSON: the health report, what the database said when it was last asked, the last hour
/// by minutes, and `samples` by name. People appear as ids only. Reads memory only, so that it answers while the
/// database does not. Thread-safe.
std::string status_json(const sync::StatusBoard& board, const Health& health, const Clock& clock,
                        const std::string& environment, const std::vector<Sample>& samples);

}  // namespace mirror::http
