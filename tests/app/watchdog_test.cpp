#include "app/watchdog.hpp"

#include <condition_variable>
#include <mutex>

#include "tests/catch.hpp"
#include "tests/http/board_clock.hpp"

using namespace mirror;
using namespace mirror::app;
using namespace std::chrono_literals;

namespace {

WatchedBoards one(const sync::StatusBoard& board) {
  return {{"default", &board}};
}

}  // namespace

TEST_CASE("the watchdog is fed only while every loop comes round in time") {
  test::BoardClock clock;
  sync::StatusBoard board(clock);
  int pings = 0;
  Watchdog watchdog(
      one(board), clock, [&] { ++pings; }, [](const std::string&) {});
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
      one(board), clock, [] {}, [&](const std::string& line) { lines.push_back(line); });
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
        one(board), clock,
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

TEST_CASE("a stalled loop of one environment starves the watchdog of all") {
  test::BoardClock clock;
  sync::StatusBoard production(clock);
  sync::StatusBoard staging(clock);
  Watchdog watchdog(
      {{"production", &production}, {"staging", &staging}}, clock, [] {}, [](const std::string&) {});
  production.finished_iteration("engine", 60s);
  staging.finished_iteration("engine", 10s);
  REQUIRE(watchdog.beat());
  clock.passed += 11s;
  REQUIRE_FALSE(watchdog.beat());
  staging.finished_iteration("engine", 10s);
  REQUIRE(watchdog.beat());
}

TEST_CASE("systemd's line sums up environments that are well, and names those that are not") {
  test::BoardClock clock;
  sync::StatusBoard production(clock);
  sync::StatusBoard staging(clock);
  const WatchedBoards both{{"production", &production}, {"staging", &staging}};
  for (auto* board : {&production, &staging}) {
    board->set_role(sync::Role::writer);
    board->update("users", [&](sync::StreamProgress& progress) { progress.certified_at = clock.wall(); });
  }
  REQUIRE(status_line(both) == "2 environments; 2 of 2 streams certified; 0 findings");
  staging.raise("api_away", "", sync::Severity::failing, "gone", "");
  REQUIRE(status_line(both) == "2 environments; staging: writer; 1 of 1 streams certified; 1 finding");
}
