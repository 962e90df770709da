#pragma once

#include <stop_token>

#include "sync/mirror_session.hpp"

namespace mirror::sync {

/// What became of events that were taken from the archive.
struct ReplayOutcome {
  long read = 0;    ///< events taken
  long parked = 0;  ///< of them those that still can't be applied
};

/// Tries events in quarantine again: all, or those that this version has not tried. What can be applied leaves the
/// quarantine. Throws Error when the writer can't go on.
ReplayOutcome retry_events(const MirrorSession& session, bool untried_only, const std::stop_token& stop);

/// Applies archived events from `since` (by the API's time) on once more, in order. Under the same rules as ever: what
/// the mirror knows already changes nothing. Throws as retry_events.
ReplayOutcome replay_events(const MirrorSession& session, Instant since, const std::stop_token& stop);

}  // namespace mirror::sync
