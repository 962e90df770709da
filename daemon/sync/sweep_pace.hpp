#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <stop_token>
#include <utility>

#include "support/clock.hpp"

namespace mirror::sync {

/// Spreads the lists of a sweep evenly over time, so that it uses the quota flatly instead of in bursts. Somebody who
/// waits for the sweep ends the pacing. Thread-safe.
class SweepPace {
 public:
  /// `alive` is called now and then by whoever waits, so that the watchdog sees it (rule R12).
  SweepPace(Clock& clock, std::function<void()> alive) : clock_(clock), alive_(std::move(alive)) {}

  /// The next sweep is to take this long; zero: as fast as it can.
  void spread_over(Clock::Duration duration);
  /// From now on the running sweep goes as fast as it can.
  void hurry();

  /// The sweep has `lists` lists before it and begins now.
  void begin(std::size_t lists);
  /// Waits until it is the turn of list `number`, counted from 0. False on a stop.
  bool wait_turn(std::size_t number, const std::stop_token& stop);

 private:
  Clock& clock_;
  const std::function<void()> alive_;
  std::mutex mutex_;
  Clock::Duration duration_{};
  Clock::TimePoint began_at_;
  std::size_t lists_ = 0;
};

}  // namespace mirror::sync
