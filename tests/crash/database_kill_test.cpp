#include <algorithm>
#include <csignal>
#include <iostream>
#include <thread>

#include "tests/catch.hpp"
#include "tests/crash/crash_site.hpp"
#include "tests/crash/usual_time.hpp"
#include "tests/harness/wait_until.hpp"

namespace mirror::crash {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using Steady = std::chrono::steady_clock;

constexpr int rounds_per_mirror = 3;
constexpr int exit_database_away = 69;

/// Kills the server; the next start recovers from its log.
void crash_database(CrashSite& site) {
  site.database().disconnect();
  site.cluster().kill();
}

/// What the crashes of the server hit.
struct Tally {
  std::size_t in_walk = 0;
  std::size_t elsewhere = 0;
  std::size_t missed = 0;

  [[nodiscard]] std::size_t kills() const { return in_walk + elsewhere; }
};

/// Starts a sync and kills the server under it at a random moment. False if the sync ended before.
bool kill_database_under_sync(CrashSite& site, UsualTime& usual, Tally& tally) {
  const auto moment = site.random_moment(usual.get());
  const auto began = Steady::now();
  auto sync = site.start({"sync"});
  while (sync.is_running() && Steady::now() < began + moment) std::this_thread::sleep_for(microseconds{200});
  const bool was_running = sync.is_running();
  crash_database(site);
  const auto code = sync.wait_for(std::chrono::seconds{60});
  site.cluster().start();
  INFO(site.end_of_log());
  REQUIRE(code);
  // It may have been done but for its farewell.
  REQUIRE((*code == exit_database_away || *code == 0));
  REQUIRE(site.enter_reads() == std::vector<std::string>{});
  if (!was_running) {
    usual.ended_after(duration_cast<microseconds>(Steady::now() - began));
    ++tally.missed;
    return false;
  }
  usual.was_killed();
  ++(site.has_running_snapshot() ? tally.in_walk : tally.elsewhere);
  return true;
}

/// Waits until each stream has a certificate of a snapshot that began after this call.
bool await_fresh_certificates(CrashSite& site) {
  const std::string now = site.database().value("SELECT clock_timestamp()");
  const std::string certified =
      "SELECT count(DISTINCT stream) FROM workos.snapshots WHERE state = 'certified' AND begun_at > '" + now + "'";
  const auto is_certified = [&] { return site.is_migrated() && site.database().count(certified) == 4; };
  return harness::wait_until(is_certified, std::chrono::seconds{90});
}

}  // namespace

TEST_CASE("a sync whose PostgreSQL is killed at any moment says so, and the next ones lose nothing") {
  const auto walks = GENERATE(Walks::one_by_one, Walks::side_by_side);
  const auto kills = (number_from("AUTHKIT_MIRROR_CRASH_DATABASE_KILLS", 2) + 3) / 4;
  CrashSite site(seed_of_this_run(), walks);
  const auto began = Steady::now();
  site.sync_undisturbed();
  UsualTime usual(duration_cast<microseconds>(Steady::now() - began));
  REQUIRE(site.enter_reads().empty());
  Tally tally;
  const auto goes_on = [&] {
    return tally.kills() < kills || (tally.in_walk * 2 <= tally.kills() && tally.kills() < kills + most_extra_kills);
  };
  for (int round = 0; goes_on(); ++round) {
    if (round % rounds_per_mirror == 0) site.begin_new_mirror();
    site.change_directory();
    for (int i = 0; i < 2 && goes_on(); ++i) {
      if (!kill_database_under_sync(site, usual, tally)) break;
    }
    site.sync_undisturbed();
    REQUIRE(site.enter_reads() == std::vector<std::string>{});
    INFO("round " << round << ", " << tally.kills() << " kills\n" << site.end_of_log());
    REQUIRE(site.problems(walks == Walks::one_by_one) == std::vector<std::string>{});
  }
  std::cout << tally.kills() << " kills of PostgreSQL under a sync: " << tally.in_walk << " in the middle of a walk; "
            << tally.missed << " syncs ended before\n"
            << site.ledger().pages_read() << " pages read, " << site.ledger().pages_read_again()
            << " of them again after they were in flight\n";
  CHECK(tally.in_walk * 2 > tally.kills());
}

TEST_CASE("a daemon whose PostgreSQL is killed at any moment goes on by itself when it is back") {
  const auto kills = std::max<std::uint64_t>(1, number_from("AUTHKIT_MIRROR_CRASH_DATABASE_KILLS", 2) / 2);
  CrashSite site(seed_of_this_run());
  std::vector<std::string> arguments{"run", "--set", "http.listen=127.0.0.1:0"};
  for (const char* stream : {"organizations", "users", "organization_memberships", "invitations"}) {
    arguments.insert(arguments.end(), {"--set", std::string("streams.") + stream + ".sweep_interval=1s"});
  }
  auto daemon = site.start(arguments);
  std::size_t in_walk = 0;
  std::uint64_t made = 0;
  for (; made < kills || (in_walk == 0 && made < kills + most_extra_kills); ++made) {
    site.change_directory();
    // Sweeps are shorter than the pauses between them; most kills are to hit one.
    if (site.chance(0.8)) REQUIRE(harness::wait_until([&] { return site.has_running_snapshot(); }));
    std::this_thread::sleep_for(site.random_moment(std::chrono::milliseconds{300}));
    crash_database(site);
    site.cluster().start();
    if (site.has_running_snapshot()) ++in_walk;
    INFO("kill " << made << "\n" << site.end_of_log());
    REQUIRE(await_fresh_certificates(site));
    REQUIRE(daemon.is_running());
    REQUIRE(site.problems(false) == std::vector<std::string>{});
  }
  std::cout << made << " kills of PostgreSQL under a daemon, " << in_walk << " in the middle of a walk" << std::endl;
  CHECK(in_walk > 0);
  daemon.signal(SIGTERM);
  CHECK(daemon.wait_for(std::chrono::seconds{6}) == 0);
}

}  // namespace mirror::crash
