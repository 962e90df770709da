#pragma once

#include <string>
#include <vector>

#include "tests/harness/mirror_under_test.hpp"
#include "tests/simulator/simulator.hpp"

namespace mirror::harness {

/// A simulator, a database and the engine between them.
///
///     MirrorFixture mirror({.directory = {.users = 250}});
///     REQUIRE(MirrorFixture::all_certified(mirror.sync()));
///     REQUIRE(mirror.differences().empty());
class MirrorFixture : public MirrorUnderTest {
 public:
  explicit MirrorFixture(simulator::SimulatorOptions options = {});
  ~MirrorFixture();

  simulator::Simulator workos;

  /// The simulator's truth against the mirror.
  [[nodiscard]] std::vector<std::string> differences();
};

}  // namespace mirror::harness
