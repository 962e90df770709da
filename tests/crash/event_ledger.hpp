#pragma once

#include <string>
#include <vector>

#include "tests/harness/test_database.hpp"
#include "tests/simulator/simulator.hpp"

namespace mirror::crash {

/// Proves that no event was lost, doubled or made up, a line per fault (at most 20 of each kind): each event of the
/// API's log that is asked for was brought by the tail and is archived once, each archived one is in the log, each
/// webhook answered with 2xx is archived as one, and none waits in quarantine, in a hold or in doubt. The mirror has to
/// have caught up, and the directory to be still.
std::vector<std::string> event_problems(harness::TestDatabase& database, simulator::Simulator& workos);

/// The newest event that the tail asks for; empty if there is none.
std::string newest_mirrored_event(simulator::Simulator& workos);

}  // namespace mirror::crash
