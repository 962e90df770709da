#pragma once

#include <atomic>

#include "support/clock.hpp"

namespace mirror::harness {

/// The host's clock for whoever only looks; a wait ends at once and moves the clock to its end. Its idea of UTC may be
/// wrong by years. Thread-safe.
class SkippingClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override {
    return std::chrono::steady_clock::now() + std::chrono::nanoseconds(skipped_.load());
  }
  [[nodiscard]] Instant wall() const override { return {wall_.load()}; }
  void set_wall(Instant wall) { wall_ = wall.microseconds; }

  bool wait_until(TimePoint when, const std::stop_token& stop) override {
    if (stop.stop_requested()) return false;
    const auto missing = std::chrono::duration_cast<std::chrono::nanoseconds>(when - now()).count();
    if (missing > 0) skipped_ += missing;
    return true;
  }

 private:
  std::atomic<std::int64_t> skipped_{0};  ///< nanoseconds
  std::atomic<std::int64_t> wall_{0};     ///< microseconds since the epoch
};

}  // namespace mirror::harness
