#pragma once

#include "app/check_report.hpp"
#include "app/config.hpp"
#include "support/clock.hpp"

namespace mirror::app {

/// Whether webhooks arrive: sends our own listener a signed test event (webhook_trial.hpp), which the daemon archives.
/// Nothing is sent without a secret, or unless a daemon that writes the mirror answers at `http.listen`. Never throws
/// Error: a problem is a line.
CheckLine check_webhook(const Config& config, Clock& clock);

}  // namespace mirror::app
