#pragma once

#include <vector>

#include "http/health_report.hpp"
#include "http/sample.hpp"

namespace mirror::http {

/// The values of /metrics about events: what became of them, and how far behind the tail is. Thread-safe.
std::vector<Sample> event_samples(const sync::StatusBoard& board, const HealthReport& report);

}  // namespace mirror::http
