#pragma once

#include <vector>

#include "http/sample.hpp"

namespace mirror::api {
struct ApiStatistics;
}

namespace mirror::app {

/// The API client's statistics as samples for /metrics.
std::vector<http::Sample> api_samples(const api::ApiStatistics& statistics);

}  // namespace mirror::app
