#include "sync/tail_schedule.hpp"

#include <algorithm>

namespace mirror::sync {
namespace {

constexpr std::chrono::milliseconds first_nudge_delay{100};
/// An awaited event that is still not visible after so many polls will not come: it is of a type that is not asked for.
constexpr int most_nudged_polls = 8;
/// Polls at the shorter interval after something happened.
constexpr int lively_polls = 10;

}  // namespace

void TailSchedule::nudge(Instant event_created_at) {
  const std::lock_guard lock(mutex_);
  if (awaited_ && *awaited_ >= event_created_at) return;
  const bool was_waiting = awaited_.has_value();
  awaited_ = event_created_at;
  if (was_waiting) return;  // the polls that are under way will find both
  empty_polls_ = 0;
  fresh_nudge_ = true;
  nudged_.notify_all();
}

void TailSchedule::wake() {
  const std::lock_guard lock(mutex_);
  fresh_nudge_ = true;
  nudged_.notify_all();
}

void TailSchedule::polled(std::optional<Instant> newest) {
  const std::lock_guard lock(mutex_);
  if (newest) {
    empty_polls_ = 0;
    if (awaited_ && *newest >= *awaited_) awaited_.reset();
    return;
  }
  ++empty_polls_;
  if (empty_polls_ >= most_nudged_polls) awaited_.reset();
}

void TailSchedule::wait(const EventOptions& options, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  fresh_nudge_ = false;
  const auto due = clock_.now() + delay(options);
  nudged_.wait_until(lock, stop, due, [&] { return fresh_nudge_; });
}

Clock::Duration TailSchedule::delay(const EventOptions& options) const {
  if (awaited_)
    return std::min<Clock::Duration>(first_nudge_delay * (1 << std::min(empty_polls_, 6)), options.poll_interval);
  return empty_polls_ < lively_polls ? options.poll_interval : options.idle_interval;
}

}  // namespace mirror::sync
