// What libFuzzer calls. AUTHKIT_MIRROR_FUZZ_TARGET names the target; with AUTHKIT_MIRROR_FUZZ_SEEDS=DIRECTORY its first
// inputs are written there, where the fuzzer is told to begin. Without a name, the names are printed.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "tests/fuzz/target.hpp"

namespace {

using mirror::fuzz::Target;

const Target* chosen = nullptr;

void write_seeds(const Target& target, const std::string& directory) {
  int number = 0;
  for (const std::string& seed : target.seeds()) {
    std::ofstream(directory + "/seed-" + std::to_string(number++), std::ios::binary) << seed;
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* const name = std::getenv("AUTHKIT_MIRROR_FUZZ_TARGET");
  const auto targets = mirror::fuzz::all_targets();
  const auto found = std::ranges::find_if(
      targets, [&](const Target& each) { return name != nullptr && name == std::string(each.name); });
  if (found == targets.end()) {
    for (const Target& each : targets) std::cout << each.name << "\n";
    std::exit(name == nullptr ? 0 : 64);
  }
  chosen = &*found;
  if (const char* const seeds = std::getenv("AUTHKIT_MIRROR_FUZZ_SEEDS")) write_seeds(*chosen, seeds);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chosen->run({reinterpret_cast<const char*>(data), size});
  return 0;
}
