// Random histories: whatever happens at WorkOS, at the API and to the process, in the end the mirror equals the
// directory. AUTHKIT_MIRROR_HISTORIES says how many, or AUTHKIT_MIRROR_HISTORY_MINUTES how long;
// AUTHKIT_MIRROR_HISTORY_SEED repeats one from its seed on, and AUTHKIT_MIRROR_HISTORY_SHORTEN=0 leaves it as long as
// it is.

#include <chrono>
#include <cstdlib>
#include <iostream>

#include "support/log.hpp"
#include "tests/catch.hpp"
#include "tests/histories/history_run.hpp"

namespace mirror::histories {
namespace {

/// In so many histories every fault and every crash of the generator happens.
constexpr std::size_t enough_for_everything = 1'500;
/// But for this one: it takes a hold by a sweep in the very step that is to crash.
constexpr std::string_view rare_crash = "snapshot.after_hold";
/// The same histories every time, so that a failure is about the change; ./dev soak looks for others.
constexpr std::uint64_t usual_seed = 1;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::stoull(text);
}

/// Runs histories in one database, each in an environment of its own.
class Theatre {
 public:
  /// Crashes are those of the daemon: waiting for the disk would only cost time.
  Theatre() { database_.execute("ALTER DATABASE " + database_.name() + " SET synchronous_commit = off"); }

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
  const std::chrono::minutes minutes{number_from("AUTHKIT_MIRROR_HISTORY_MINUTES", 0)};
  const auto histories = number_from("AUTHKIT_MIRROR_HISTORIES", 2'000);
  const auto first = number_from("AUTHKIT_MIRROR_HISTORY_SEED", usual_seed);
  const auto until = std::chrono::steady_clock::now() + minutes;
  const auto is_over = [&](std::uint64_t played) {
    return minutes.count() > 0 ? std::chrono::steady_clock::now() > until : played == histories;
  };
  std::cout << "histories from seed " << first << " on" << std::endl;
  Theatre theatre;
  for (std::uint64_t played = 0; !is_over(played); ++played) {
    const auto history = make_history(first + played);
    const auto problem = theatre.play(history);
    if (problem.empty()) continue;
    std::cout << "history " << history.seed << " fails, after " << played << " that did not: " << problem << std::endl;
    if (number_from("AUTHKIT_MIRROR_HISTORY_SHORTEN", 1) == 0) FAIL(problem);
    const auto shorter = shortened(theatre, history);
    FAIL("history " << history.seed << ": " << problem << "\nshortened: " << theatre.play(shorter) << "\n"
                    << to_string(shorter));
  }
  const auto& tally = theatre.tally();
  std::cout << tally.histories << " histories, " << tally.steps << " steps, " << tally.instants
            << " instants of the past compared\n";
  show(theatre.crashes().crashes(), "crashes");
  show(tally.faults, "faults");
  if (tally.histories < enough_for_everything) return;
  for (const auto& point : fault_points()) {
    CAPTURE(point);
    CHECK((point == rare_crash || theatre.crashes().crashes().contains(point)));
  }
  for (const auto& fault : api_faults()) {
    CAPTURE(fault);
    CHECK((tally.faults.contains(fault) && tally.faults.at(fault) > 0));
  }
}

}  // namespace mirror::histories
