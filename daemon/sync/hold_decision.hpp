#pragma once

#include <stop_token>
#include <string>

#include "sync/mirror_session.hpp"

namespace mirror::sync {

/// What became of a hold.
struct HoldOutcome {
  int id = 0;
  long deleted = 0;  ///< rows marked deleted, children included
  long kept = 0;     ///< rows that exist at the API after all
};

/// Deletes what the hold stopped, after asking the API about each row once more. Throws Error (usage) if there is no
/// such open hold. Interrupted, the hold stays open and can be approved again.
HoldOutcome approve_hold(const MirrorSession& session, int id, const std::string& decided_by,
                         const std::stop_token& stop);

/// Leaves the rows alone; the next certified sweep finds them again if they are still missing. Throws as approve_hold.
HoldOutcome discard_hold(const MirrorSession& session, int id, const std::string& decided_by,
                         const std::stop_token& stop);

}  // namespace mirror::sync
