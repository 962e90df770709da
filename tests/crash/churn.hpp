#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <thread>

#include "tests/simulator/changes.hpp"
#include "tests/simulator/simulator.hpp"

namespace mirror::crash {

/// Changes a directory some hundred times a second, from a thread of its own, until it is destroyed: creations, updates
/// and deletions of every kind, with events, and sign-ins, without. The directory keeps about its size.
class Churn {
 public:
  Churn(simulator::Simulator& workos, std::uint64_t seed);

 private:
  void run(const std::stop_token& stop);
  void change(simulator::World& world);
  void grow_or_shrink(const simulator::Store& store, simulator::Kind kind);
  bool chance(double probability);

  simulator::Simulator& workos_;
  std::mt19937_64 random_;
  simulator::Changes changes_;
  std::array<std::size_t, simulator::all_kinds.size()> sizes_{};
  std::jthread thread_;
};

}  // namespace mirror::crash
