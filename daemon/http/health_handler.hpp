#pragma once

#include "http/environment_view.hpp"

namespace mirror::http {

/// Adds /livez, /readyz and /healthz: of all environments, or of the one that `?environment=NAME` asks for.
void add_health_routes(Routes& routes, const EnvironmentViews& environments);

}  // namespace mirror::http
