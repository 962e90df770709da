#pragma once

#include <algorithm>
#include <chrono>

#include "support/clock.hpp"

namespace mirror {

/// A point in monotonic time by which something has to be finished. A plain value.
class Deadline {
 public:
  explicit Deadline(Clock::TimePoint when) : when_(when) {}
  static Deadline after(Clock::Duration duration) { return Deadline{std::chrono::steady_clock::now() + duration}; }

  [[nodiscard]] Clock::TimePoint when() const { return when_; }
  [[nodiscard]] bool passed(Clock::TimePoint now = std::chrono::steady_clock::now()) const { return now >= when_; }
  /// Never negative.
  [[nodiscard]] Clock::Duration left(Clock::TimePoint now = std::chrono::steady_clock::now()) const {
    return std::max(Clock::Duration::zero(), when_ - now);
  }

 private:
  Clock::TimePoint when_;
};

}  // namespace mirror
