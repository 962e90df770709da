#pragma once

#include <vector>

#include "http/health_report.hpp"
#include "http/sample.hpp"

namespace mirror::http {

/// The values of /metrics that the database knows, as it was last asked: certificates, holds, quarantine, drift, lease.
/// None before that. Thread-safe.
std::vector<Sample> mirror_samples(const sync::StatusBoard& board);

}  // namespace mirror::http
