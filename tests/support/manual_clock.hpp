#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <stop_token>

#include "support/clock.hpp"

namespace mirror::tests {

/// A clock that stands still until a test moves it. Thread-safe.
class ManualClock final : public Clock {
 public:
  enum class Waits {
    until_moved,  ///< a wait lasts until another thread calls advance
    are_skipped   ///< a wait moves the clock to its end itself, for tests with one thread
  };

  explicit ManualClock(Waits waits = Waits::until_moved, Instant wall = {1'768'478'400'000'000})
      : waits_(waits), wall_(wall) {}

  [[nodiscard]] TimePoint now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }

  [[nodiscard]] Instant wall() const override {
    const std::lock_guard lock(mutex_);
    const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(now_ - start_);
    return {wall_.microseconds + passed.count()};
  }

  bool wait_until(TimePoint when, const std::stop_token& stop) override {
    std::unique_lock lock(mutex_);
    if (stop.stop_requested()) return false;
    if (waits_ == Waits::are_skipped) {
      now_ = std::max(now_, when);
      return true;
    }
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, stop, [&] { return now_ >= when; });
    --waiting_;
    changed_.notify_all();
    return !stop.stop_requested();
  }

  void advance(Duration duration) {
    const std::lock_guard lock(mutex_);
    now_ += duration;
    changed_.notify_all();
  }

  /// The host's UTC jumps, monotonic time does not.
  void set_wall(Instant wall) {
    const std::lock_guard lock(mutex_);
    wall_ = wall;
    start_ = now_;
  }

  /// Blocks until `count` threads wait on this clock: the condition to move on without sleeping.
  void await_waiters(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ >= count; });
  }

 private:
  const Waits waits_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  TimePoint now_{std::chrono::hours{1000}};
  TimePoint start_ = now_;
  Instant wall_;
  std::size_t waiting_ = 0;
};

}  // namespace mirror::tests
