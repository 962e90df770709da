#include "app/progress_bar.hpp"

#include <sstream>

#include "tests/catch.hpp"
#include "tests/http/board_clock.hpp"

using namespace mirror;
using namespace mirror::app;
using namespace std::chrono_literals;

namespace {

sync::StreamProgress half_way(const Clock& clock) {
  sync::StreamProgress progress;
  progress.phase = "walking";
  progress.rows = 50'000;
  progress.expected_rows = 100'000;
  progress.started_at = clock.wall();
  return progress;
}

}  // namespace

TEST_CASE("a line shows rows, rate and the time left when the number of rows is known") {
  test::BoardClock clock;
  const sync::StreamProgress progress = half_way(clock);
  clock.passed += 10s;
  const std::string line = progress_line("users", progress, clock.wall(), 100);
  REQUIRE_THAT(line, ContainsSubstring("50,000 rows"));
  REQUIRE_THAT(line, ContainsSubstring("5,000/s"));
  REQUIRE_THAT(line, ContainsSubstring("50%, 10s left"));
  REQUIRE_THAT(line, ContainsSubstring("[##########..........]"));
}

TEST_CASE("a first load promises no time left") {
  test::BoardClock clock;
  sync::StreamProgress progress = half_way(clock);
  progress.expected_rows = 0;
  clock.passed += 10s;
  const std::string line = progress_line("users", progress, clock.wall(), 100);
  REQUIRE_THAT(line, ContainsSubstring("walking"));
  REQUIRE_THAT(line, !ContainsSubstring("left"));
}

TEST_CASE("a line fits its width, the bar goes first") {
  test::BoardClock clock;
  const sync::StreamProgress progress = half_way(clock);
  clock.passed += 10s;
  for (const std::size_t width : {10U, 40U, 70U, 100U}) {
    REQUIRE(progress_line("organization_memberships", progress, clock.wall(), width).size() <= width);
  }
  REQUIRE_THAT(progress_line("users", progress, clock.wall(), 75), !ContainsSubstring("["));
}

TEST_CASE("a terminal is redrawn in place, a log gets a line only for what changed") {
  test::BoardClock clock;
  sync::StatusBoard board(clock);
  board.update("users", [&](sync::StreamProgress& progress) { progress = half_way(clock); });
  std::ostringstream terminal;
  ProgressBar bar(board, clock, terminal, {true, [] { return std::size_t{80}; }});
  bar.draw();
  bar.draw();
  REQUIRE_THAT(terminal.str(), ContainsSubstring("\x1b[1A"));

  std::ostringstream plain;
  ProgressBar lines(board, clock, plain, {});
  lines.draw();
  lines.draw();
  const std::string once = plain.str();
  REQUIRE(std::count(once.begin(), once.end(), '\n') == 1);
  board.update("users", [](sync::StreamProgress& progress) { progress.rows = 60'000; });
  lines.draw();
  REQUIRE_THAT(plain.str(), ContainsSubstring("60,000"));
  REQUIRE_THAT(plain.str(), !ContainsSubstring("\x1b"));
}
