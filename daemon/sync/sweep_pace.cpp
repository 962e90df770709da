#include "sync/sweep_pace.hpp"

#include <algorithm>

namespace mirror::sync {
namespace {

/// Somebody may come to wait meanwhile.
constexpr std::chrono::milliseconds longest_nap{500};

}  // namespace

void SweepPace::spread_over(Clock::Duration duration) {
  const std::lock_guard lock(mutex_);
  duration_ = duration;
}

void SweepPace::hurry() {
  spread_over({});
}

void SweepPace::begin(std::size_t lists) {
  const std::lock_guard lock(mutex_);
  began_at_ = clock_.now();
  lists_ = lists;
}

bool SweepPace::wait_turn(std::size_t number, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Clock::TimePoint turn;
    {
      const std::lock_guard lock(mutex_);
      if (duration_ <= Clock::Duration::zero() || lists_ == 0) return true;
      const double share = static_cast<double>(number) / static_cast<double>(lists_);
      turn = began_at_ + std::chrono::duration_cast<Clock::Duration>(duration_ * share);
    }
    const auto now = clock_.now();
    if (now >= turn) return true;
    alive_();
    clock_.wait_until(std::min(turn, now + longest_nap), stop);
  }
  return false;
}

}  // namespace mirror::sync
