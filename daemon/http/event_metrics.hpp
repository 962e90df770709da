#pragma once

#include <vector>

#include "http/metrics_handler.hpp"

namespace mirror::http {

/// The values of /metrics about events: what became of them, where the tail stands, and what sweeps had to correct
/// nevertheless. Thread-safe.
std::vector<Sample> event_samples(const sync::StatusBoard& board);

}  // namespace mirror::http
