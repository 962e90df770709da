#pragma once

#include <string>

#include "http/metrics_handler.hpp"

namespace mirror::http {

/// Adds the status page at / with its style and script, and /status.json, which it reads every two seconds. The page
/// may load nothing from elsewhere, and nothing that the daemon says is read as HTML. `board`, `health` and `clock`
/// must outlive the server.
void add_status_page(Routes& routes, const sync::StatusBoard& board, const Health& health, const Clock& clock,
                     const std::string& environment, SampleSource samples);

}  // namespace mirror::http
