#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "support/clock.hpp"
#include "sync/status_board.hpp"

namespace mirror::app {

/// A status board with the name of its environment.
struct WatchedBoard {
  std::string environment;
  const sync::StatusBoard* board;
};
/// Of all environments that the daemon mirrors, at least one.
using WatchedBoards = std::vector<WatchedBoard>;

/// Tells systemd that the daemon is alive as long as every loop of every environment comes round in time (rule R12).
/// Its own thread outlives a stuck loop, which is why it pings only while StatusBoard::stalled_loops() is empty.
class Watchdog {
 public:
  using Ping = std::function<void()>;
  using Describe = std::function<void(const std::string&)>;

  /// `ping` tells systemd that all is well; `describe` gets one line for `systemctl status` when it has changed.
  Watchdog(WatchedBoards boards, Clock& clock, Ping ping, Describe describe);

  /// Calls beat() at half of `interval` until the object is destroyed.
  void start(std::chrono::microseconds interval);

  /// One look: pings, or logs once which loops are stuck. True if it pinged. Not thread-safe.
  bool beat();

 private:
  [[nodiscard]] std::vector<std::string> stalled_loops() const;

  const WatchedBoards boards_;
  Clock& clock_;
  Ping ping_;
  Describe describe_;
  std::string described_;
  bool was_stalled_ = false;
  std::jthread thread_;
};

/// "writer; 3 of 4 streams certified; 1 finding"; of several environments "2 environments; 8 of 8 streams certified; 0
/// findings", or instead of the sums each one that has findings.
std::string status_line(const WatchedBoards& boards);

}  // namespace mirror::app
