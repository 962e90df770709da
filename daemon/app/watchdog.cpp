#include "app/watchdog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "support/log.hpp"

namespace mirror::app {

namespace {

/// What a status line counts.
struct Tally {
  long certified = 0;
  std::size_t streams = 0;
  std::size_t findings = 0;

  void add(const sync::StatusBoard& board) {
    const auto known = board.streams();
    certified += std::ranges::count_if(known, [](const auto& each) { return each.second.certified_at.has_value(); });
    streams += known.size();
    findings += board.findings().size();
  }
  [[nodiscard]] std::string text() const {
    return fmt::format("{} of {} streams certified; {} finding{}", certified, streams, findings,
                       findings == 1 ? "" : "s");
  }
};

std::string line_of(const sync::StatusBoard& board) {
  Tally tally;
  tally.add(board);
  return fmt::format("{}; {}", to_string(board.role()), tally.text());
}

}  // namespace

Watchdog::Watchdog(WatchedBoards boards, Clock& clock, Ping ping, Describe describe)
    : boards_(std::move(boards)), clock_(clock), ping_(std::move(ping)), describe_(std::move(describe)) {}

void Watchdog::start(std::chrono::microseconds interval) {
  thread_ = std::jthread([this, pause = interval / 2](const std::stop_token& stop) {
    do {
      beat();
    } while (clock_.wait_for(pause, stop));
  });
}

bool Watchdog::beat() {
  std::string line = status_line(boards_);
  if (line != described_) {
    describe_(line);
    described_ = std::move(line);
  }
  const std::vector<std::string> stalled = stalled_loops();
  if (!stalled.empty() && !was_stalled_) {
    log::error("these loops have not come round in time, the watchdog is not fed until they do: {}",
               fmt::format("{}", fmt::join(stalled, ", ")));
  }
  was_stalled_ = !stalled.empty();
  if (was_stalled_) return false;
  ping_();
  return true;
}

std::vector<std::string> Watchdog::stalled_loops() const {
  std::vector<std::string> all;
  for (const auto& [environment, board] : boards_) {
    for (const std::string& loop : board->stalled_loops()) {
      all.push_back(boards_.size() == 1 ? loop : environment + ": " + loop);
    }
  }
  return all;
}

std::string status_line(const WatchedBoards& boards) {
  if (boards.size() == 1) return line_of(*boards.front().board);
  Tally all;
  std::string unwell;
  for (const auto& [environment, board] : boards) {
    all.add(*board);
    if (!board->findings().empty()) unwell += fmt::format("; {}: {}", environment, line_of(*board));
  }
  return fmt::format("{} environments", boards.size()) + (unwell.empty() ? "; " + all.text() : unwell);
}

}  // namespace mirror::app
