#pragma once

#include "http/environment_view.hpp"

namespace mirror::http {

/// Adds /metrics in the text format of Prometheus. What is about an environment has its name as the label
/// `environment`, also where there is only one.
void add_metrics_route(Routes& routes, const EnvironmentViews& environments);

}  // namespace mirror::http
