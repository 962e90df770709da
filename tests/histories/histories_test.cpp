// Random histories: whatever happens at WorkOS, at the API and to the process, in the end the mirror equals the
// directory. AUTHKIT_MIRROR_HISTORIES says how many, AUTHKIT_MIRROR_HISTORY_SEED repeats one from its seed on.

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>

#include "support/log.hpp"
#include "tests/catch.hpp"
#include "tests/histories/history_run.hpp"

namespace mirror::histories {
namespace {

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::stoull(text);
}

/// Runs histories in one database, each in an environment of its own.
class Theatre {
 public:
  /// What is wrong with it; empty: nothing.
  std::string play(const History& history) {
    try {
      HistoryRun(database_, "h" + std::to_string(++played_), history, crashes_, tally_).run();
      return {};
    } catch (const Violation& violation) {
      return violation.what();
    }
  }

  [[nodiscard]] const Tally& tally() const { return tally_; }
  [[nodiscard]] const CrashPlan& crashes() const { return crashes_; }

 private:
  harness::TestDatabase database_;
  CrashPlan crashes_;
  Tally tally_;
  std::size_t played_ = 0;
};

/// Leaves out steps, many at first, while what is left still fails.
History shortened(Theatre& theatre, History history) {
  for (std::size_t chunk = history.steps.size() / 2; chunk > 0; chunk /= 2) {
    for (std::size_t at = 0; at + chunk <= history.steps.size();) {
      History shorter = history;
      const auto begin = shorter.steps.begin() + static_cast<std::ptrdiff_t>(at);
      shorter.steps.erase(begin, begin + static_cast<std::ptrdiff_t>(chunk));
      if (theatre.play(shorter).empty()) {
        at += chunk;
      } else {
        history = std::move(shorter);
      }
    }
  }
  return history;
}

void show(const std::map<std::string, std::size_t>& counts, const char* title) {
  std::cout << title << ":";
  for (const auto& [name, count] : counts) std::cout << " " << name << " " << count;
  std::cout << "\n";
}

}  // namespace

TEST_CASE("whatever happens, in the end the mirror equals the directory") {
  log::set_level(log::Level::error);
  const auto histories = number_from("AUTHKIT_MIRROR_HISTORIES", 200);
  const auto first = number_from("AUTHKIT_MIRROR_HISTORY_SEED", std::random_device{}());
  std::cout << "histories from seed " << first << " on\n";
  Theatre theatre;
  for (std::uint64_t seed = first; seed < first + histories; ++seed) {
    const auto history = make_history(seed);
    const auto problem = theatre.play(history);
    if (problem.empty()) continue;
    if (std::getenv("SURVEY")) {
      std::cout << seed << ": " << problem.substr(0, 300) << std::endl;
      continue;
    }
    const auto shorter = shortened(theatre, history);
    FAIL("history " << seed << " (number " << seed - first + 1 << "): " << problem
                    << "\nshortened: " << theatre.play(shorter) << "\n"
                    << to_string(shorter));
  }
  std::cout << theatre.tally().histories << " histories, " << theatre.tally().steps << " steps\n";
  show(theatre.crashes().crashes(), "crashes");
  show(theatre.tally().faults, "faults");
}

}  // namespace mirror::histories
