#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "tests/catch.hpp"
#include "tests/fuzz/target.hpp"

using namespace mirror::fuzz;

namespace {

/// A seed with a few bytes changed, taken away, doubled or cut off. The same ones at every run.
std::string spoiled(std::string text, std::mt19937& random) {
  const auto below = [&](std::size_t limit) { return limit == 0 ? 0 : random() % limit; };
  for (std::size_t changes = 1 + below(4); changes > 0 && !text.empty(); --changes) {
    const std::size_t at = below(text.size());
    switch (below(5)) {
      case 0:
        text[at] = static_cast<char>(below(256));
        break;
      case 1:
        text.erase(at, 1 + below(8));
        break;
      case 2:
        text.insert(at, text.substr(at, 1 + below(32)));
        break;
      case 3:
        text.resize(at);
        break;
      default:
        text.insert(at, 1, "\0\xff\"\\{}[],:\r\n0-"[below(15)]);
    }
  }
  return text;
}

/// Inputs that were findings once.
std::vector<std::string> found_before(const Target& target) {
  std::vector<std::string> all;
  const std::filesystem::path folder = std::filesystem::path(FUZZ_PROJECT_DIR "/tests/fuzz/found") / target.name;
  if (!std::filesystem::exists(folder)) return all;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path(), std::ios::binary);
    all.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return all;
}

}  // namespace

TEST_CASE("parsers of bytes from outside stand their seeds, these spoiled, and what was found before") {
  for (const Target& target : all_targets()) {
    INFO(target.name);
    for (const std::string& input : found_before(target)) CHECK_NOTHROW(target.run(input));
    std::mt19937 random{1};
    const auto seeds = target.seeds();
    REQUIRE_FALSE(seeds.empty());
    for (const std::string& seed : seeds) {
      INFO(seed);
      CHECK_NOTHROW(target.run(seed));
      for (int i = 0; i < 100; ++i) {
        const std::string input = spoiled(seed, random);
        INFO(input);
        CHECK_NOTHROW(target.run(input));
      }
    }
  }
}
