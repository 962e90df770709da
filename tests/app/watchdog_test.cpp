#include "app/watchdog.hpp"

#include <condition_variable>
#include <mutex>

#include "tests/catch.hpp"
#include "tests/http/board_clock.hpp"

using namespace mirror;
using namespace mirror::app;
using namespace std::chrono_literals;

TEST_CASE("the watchdog is fed only while every loop comes round in time") {
  test::BoardClock clock;
  sync::StatusBoard board(clock);
  int pings = 0;
  Watchdog watchdog(
      board, clock, [&] { ++pings; }, [](const std::string&) {});
  board.finished_iteration("writer", 10s);
  REQUIRE(watchdog.beat());
  clock.passed += 11s;
  REQUIRE_FALSE(watchdog.beat());
  board.finished_iteration("writer", 10s);
  REQUIRE(watchdog.beat());
  REQUIRE(pings == 2);
}

TEST_CASE("systemd hears how the daemon is when that has changed") {
  test::BoardClock clock;
  sync::StatusBoard board(clock);
  std::vector<std::string> lines;
  Watchdog watchdog(
      board, clock, [] {}, [&](const std::string& line) { lines.push_back(line); });
  watchdog.beat();
  watchdog.beat();
  board.set_role(sync::Role::writer);
  board.update("users", [&](sync::StreamProgress& progress) { progress.certified_at = clock.wall(); });
  watchdog.beat();
  REQUIRE(lines == std::vector<std::string>{"starting; 0 of 0 streams certified; 0 findings",
                                            "writer; 1 of 1 streams certified; 0 findings"});
}

TEST_CASE("the watchdog's thread feeds at once and ends with its owner") {
  SystemClock clock;
  sync::StatusBoard board(clock);
  std::mutex mutex;
  std::condition_variable fed;
  int pings = 0;
  {
    Watchdog watchdog(
        board, clock,
        [&] {
          const std::lock_guard lock(mutex);
          ++pings;
          fed.notify_all();
        },
        [](const std::string&) {});
    watchdog.start(2ms);
    std::unique_lock lock(mutex);
    REQUIRE(fed.wait_for(lock, 10s, [&] { return pings >= 3; }));
  }
  REQUIRE(pings >= 3);
}
