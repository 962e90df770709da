#include "app/watchdog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "support/log.hpp"

namespace mirror::app {

Watchdog::Watchdog(const sync::StatusBoard& board, Clock& clock, Ping ping, Describe describe)
    : board_(board), clock_(clock), ping_(std::move(ping)), describe_(std::move(describe)) {}

void Watchdog::start(std::chrono::microseconds interval) {
  thread_ = std::jthread([this, pause = interval / 2](const std::stop_token& stop) {
    do {
      beat();
    } while (clock_.wait_for(pause, stop));
  });
}

bool Watchdog::beat() {
  std::string line = status_line(board_);
  if (line != described_) {
    describe_(line);
    described_ = std::move(line);
  }
  const std::vector<std::string> stalled = board_.stalled_loops();
  if (!stalled.empty() && !was_stalled_) {
    log::error("these loops have not come round in time, the watchdog is not fed until they do: {}",
               fmt::format("{}", fmt::join(stalled, ", ")));
  }
  was_stalled_ = !stalled.empty();
  if (was_stalled_) return false;
  ping_();
  return true;
}

std::string status_line(const sync::StatusBoard& board) {
  const auto streams = board.streams();
  const auto certified = std::count_if(streams.begin(), streams.end(),
                                       [](const auto& each) { return each.second.certified_at.has_value(); });
  const std::size_t findings = board.findings().size();
  return fmt::format("{}; {} of {} streams certified; {} finding{}", to_string(board.role()), certified, streams.size(),
                     findings, findings == 1 ? "" : "s");
}

}  // namespace mirror::app
