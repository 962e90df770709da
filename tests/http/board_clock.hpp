#pragma once

#include "support/clock.hpp"

namespace mirror::test {

/// A clock that stands still until a test moves it.
class BoardClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return TimePoint{} + passed; }
  [[nodiscard]] Instant wall() const override {
    return {1'000'000'000'000'000 + std::chrono::duration_cast<std::chrono::microseconds>(passed).count()};
  }
  bool wait_until(TimePoint when, const std::stop_token& stop) override {
    passed = when - TimePoint{};
    return !stop.stop_requested();
  }

  Duration passed{0};
};

}  // namespace mirror::test
