#include <csignal>
#include <iostream>
#include <thread>

#include "tests/catch.hpp"
#include "tests/crash/crash_site.hpp"
#include "tests/crash/usual_time.hpp"

namespace mirror::crash {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using Steady = std::chrono::steady_clock;

/// A round begins with a first load or a changed directory, has up to this many kills, and ends with a whole sync.
constexpr int most_kills_a_round = 4;
constexpr int rounds_per_mirror = 4;

/// What the kills hit.
struct Tally {
  std::size_t before_walk = 0;
  std::size_t in_walk = 0;
  std::size_t at_end = 0;  ///< all snapshots were finished, the process not yet
  std::size_t missed = 0;  ///< ended by itself before its moment came

  [[nodiscard]] std::size_t kills() const { return before_walk + in_walk + at_end; }
};

microseconds time_of_undisturbed_sync(CrashSite& site) {
  const auto began = Steady::now();
  site.sync_undisturbed();
  const auto time = duration_cast<microseconds>(Steady::now() - began);
  REQUIRE(site.enter_reads().empty());
  return time;
}

/// Starts a sync and kills it at a random moment. False if it ended before.
bool kill_sync(CrashSite& site, UsualTime& usual, Tally& tally) {
  const auto moment = site.random_moment(usual.get());
  const auto began = Steady::now();
  auto sync = site.start({"sync"});
  while (sync.is_running() && Steady::now() < began + moment) std::this_thread::sleep_for(microseconds{200});
  sync.signal(SIGKILL);
  const bool was_killed = sync.wait() == 128 + SIGKILL;
  const auto requests = site.requests();
  INFO(site.end_of_log());
  REQUIRE(site.enter_reads() == std::vector<std::string>{});
  if (!was_killed) {
    usual.ended_after(duration_cast<microseconds>(Steady::now() - began));
    ++tally.missed;
    return false;
  }
  usual.was_killed();
  ++(site.has_running_snapshot() ? tally.in_walk : requests == 0 ? tally.before_walk : tally.at_end);
  return true;
}

void report(const CrashSite& site, const Tally& tally) {
  std::cout << tally.kills() << " kills of the daemon: " << tally.before_walk << " before a walk, " << tally.in_walk
            << " in the middle, " << tally.at_end << " at the end; " << tally.missed << " syncs ended before\n"
            << site.ledger().pages_read() << " pages read, " << site.ledger().pages_read_again()
            << " of them again after they were in flight (at most " << site.ledger().most_in_flight() << " at once)\n";
}

}  // namespace

TEST_CASE("a daemon killed at any moment loses nothing and reads nothing twice but what was in flight") {
  const auto walks = GENERATE(Walks::one_by_one, Walks::side_by_side);
  const auto kills = (number_from("AUTHKIT_MIRROR_CRASH_DAEMON_KILLS", 6) + 1) / 2;
  CrashSite site(seed_of_this_run(), walks);
  UsualTime first_load(time_of_undisturbed_sync(site));
  site.change_directory();
  UsualTime sweep(time_of_undisturbed_sync(site));
  Tally tally;
  const auto goes_on = [&] {
    const bool has_read_again = walks == Walks::side_by_side || site.ledger().pages_read_again() > 0;
    const bool has_hit = tally.in_walk * 2 > tally.kills() && has_read_again;
    return tally.kills() < kills || (!has_hit && tally.kills() < kills + most_extra_kills);
  };
  for (int round = 0; goes_on(); ++round) {
    const bool begins_anew = round % rounds_per_mirror == 0;
    if (begins_anew) site.begin_new_mirror();
    site.change_directory();
    const bool stays_still = site.chance(0.5);
    for (int i = 0; i < most_kills_a_round && goes_on(); ++i) {
      if (!kill_sync(site, begins_anew ? first_load : sweep, tally)) break;
      if (!stays_still) site.change_directory();
    }
    site.sync_undisturbed();
    REQUIRE(site.enter_reads() == std::vector<std::string>{});
    if (!stays_still) {  // what changed behind the walk is the next sweep's to see
      site.sync_undisturbed();
      REQUIRE(site.enter_reads() == std::vector<std::string>{});
    }
    INFO("round " << round << ", " << tally.kills() << " kills\n" << site.end_of_log());
    REQUIRE(site.problems(stays_still && walks == Walks::one_by_one) == std::vector<std::string>{});
  }
  report(site, tally);
  CHECK(tally.in_walk * 2 > tally.kills());
  CHECK((site.ledger().pages_read_again() > 0 || walks == Walks::side_by_side));
}

}  // namespace mirror::crash
