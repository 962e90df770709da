#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "support/clock.hpp"

namespace mirror::sync {

/// How much of something happened in each of the last 60 minutes. Needs no timer: what is too old is forgotten when
/// something is added or asked. A plain value.
class MinuteRing {
 public:
  static constexpr std::size_t size = 60;

  void add(Clock::TimePoint now, std::uint64_t amount) {
    if (amount == 0) return;
    advance(minute_of(now));
    counts_[slot(newest_)] += amount;
  }

  /// Oldest first; the last one is the minute that has begun.
  [[nodiscard]] std::array<std::uint64_t, size> last_hour(Clock::TimePoint now) const {
    MinuteRing current = *this;
    current.advance(minute_of(now));
    std::array<std::uint64_t, size> minutes{};
    for (std::size_t i = 0; i < size; ++i) {
      minutes[i] = current.counts_[slot(current.newest_ + 1 + static_cast<std::int64_t>(i))];
    }
    return minutes;
  }

 private:
  static std::int64_t minute_of(Clock::TimePoint now) {
    return std::chrono::floor<std::chrono::minutes>(now.time_since_epoch()).count();
  }
  static std::size_t slot(std::int64_t minute) { return static_cast<std::size_t>(minute) % size; }

  void advance(std::int64_t minute) {
    if (minute <= newest_) return;
    if (minute - newest_ >= static_cast<std::int64_t>(size)) counts_ = {};
    for (std::int64_t each = std::max(newest_ + 1, minute - static_cast<std::int64_t>(size)); each <= minute; ++each) {
      counts_[slot(each)] = 0;
    }
    newest_ = minute;
  }

  std::array<std::uint64_t, size> counts_{};
  std::int64_t newest_ = 0;
};

}  // namespace mirror::sync
