#pragma once

#include "tests/simulator/endpoint_list.hpp"
#include "tests/simulator/fault_board.hpp"
#include "tests/simulator/request_log.hpp"
#include "tests/simulator/sign_in.hpp"
#include "tests/simulator/simulated_clock.hpp"
#include "tests/simulator/store.hpp"

namespace mirror::simulator {

/// Everything that the simulator knows. Reached only under the Simulator's lock.
struct World {
  explicit World(std::uint64_t seed) : store(clock, seed), faults(store, seed) {}

  SimulatedClock clock;
  Store store;
  FaultBoard faults;
  RequestLog log;
  SignIn sign_in;
  EndpointList endpoints;
};

}  // namespace mirror::simulator
