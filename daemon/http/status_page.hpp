#pragma once

#include "http/environment_view.hpp"

namespace mirror::http {

/// Adds the status page at / with its style and script, and /status.json, which it reads every two seconds, for one of
/// the environments at a time. The page may load nothing from elsewhere, and nothing that the daemon says is read as
/// HTML. `clock` must outlive the server.
void add_status_page(Routes& routes, const EnvironmentViews& environments, const Clock& clock);

}  // namespace mirror::http
