#pragma once

#include <string>
#include <vector>

#include "tests/conformance/emulated_directory.hpp"
#include "tests/conformance/emulator.hpp"
#include "tests/harness/mirror_under_test.hpp"

namespace mirror::conformance {

/// The official emulator, a database and the engine between them.
class EmulatedMirror : public harness::MirrorUnderTest {
 public:
  EmulatedMirror() {
    api_options.base_url = emulator.base_url();
    api_options.key = Secret(std::string(Emulator::api_key()));
  }

  Emulator emulator;
  EmulatedDirectory directory{emulator};

  /// What the emulator lists against the mirror.
  [[nodiscard]] std::vector<std::string> differences() {
    return differences_from([this](std::string_view table) { return directory.list(table); });
  }
};

}  // namespace mirror::conformance
