#pragma once

#include "http/handler.hpp"
#include "http/health_report.hpp"

namespace mirror::http {

/// Adds /livez, /readyz and /healthz. `health` must outlive the server.
void add_health_routes(Routes& routes, const Health& health);

/// The body of /healthz.
std::string to_json(const HealthReport& report);

}  // namespace mirror::http
