#pragma once

#include "tests/simulator/http_message.hpp"
#include "tests/simulator/world.hpp"

namespace mirror::simulator {

/// Answers what lies under /_simulator: the truth, changes, faults, counters and the clock. README.md beside this file
/// lists the endpoints. Not thread-safe: the Simulator guards the world.
Answer control(World& world, const Request& request);

}  // namespace mirror::simulator
