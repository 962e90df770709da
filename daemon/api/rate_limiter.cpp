#include "api/rate_limiter.hpp"

#include <algorithm>

#include "support/error.hpp"

namespace mirror::api {
namespace {

using Seconds = std::chrono::duration<double>;

/// How late a thread may wake without the share being lost: tokens of this time are saved up. They come on top of what
/// flows in, so that much less flows in: a quota that is counted by the second is not exceeded in any.
constexpr double burst_seconds = 0.03;
constexpr double smallest_burst = 2;
constexpr double pace = 1 - burst_seconds;
constexpr double regrowth_per_second = 0.05;  ///< of the share

Clock::Duration to_duration(double seconds) {
  return std::chrono::duration_cast<Clock::Duration>(Seconds(seconds));
}

}  // namespace

RateLimiter::RateLimiter(Clock& clock, double share_per_second)
    : clock_(clock),
      share_(share_per_second),
      burst_(std::max(smallest_burst, share_per_second * burst_seconds)),
      rate_(share_per_second),
      tokens_(burst_),
      refilled_at_(clock.now()),
      paused_until_(refilled_at_),
      halved_at_(refilled_at_ - std::chrono::hours{1}) {
  if (!(share_per_second > 0)) throw Error(Fault::misconfigured, "api.max_requests_per_second must be above 0");
}

Clock::TimePoint RateLimiter::acquire(Lane lane, const std::stop_token& stop) {
  const auto index = static_cast<std::size_t>(lane);
  std::unique_lock lock(mutex_);
  refill(clock_.now());
  Queue& queue = queues_[index];
  const bool at_once = queue.empty() && may_go(index);
  if (!at_once) {
    ++waits_;
    Waiter waiter;
    queue.push_back(&waiter);
    const bool permitted = wait_for_turn(lock, index, waiter, stop);
    leave(queue, waiter);
    if (!permitted) throw Error(Fault::stopped, "a stop was requested while waiting for the rate limit");
  }
  tokens_ -= 1;
  return clock_.now();
}

bool RateLimiter::wait_for_turn(std::unique_lock<std::mutex>& lock, std::size_t lane, Waiter& waiter,
                                const std::stop_token& stop) {
  Queue& queue = queues_[lane];
  if (!waiter.first_in_lane.wait(lock, stop, [&] { return queue.front() == &waiter; })) return false;
  for (;;) {
    const Clock::TimePoint now = clock_.now();
    refill(now);
    if (may_go(lane)) return !stop.stop_requested();
    const Clock::TimePoint until = next_try(lane, now);
    lock.unlock();
    const bool goes_on = clock_.wait_until(until, stop);
    lock.lock();
    if (!goes_on) return false;
  }
}

void RateLimiter::leave(Queue& queue, const Waiter& waiter) {
  std::erase(queue, &waiter);
  if (!queue.empty()) queue.front()->first_in_lane.notify_all();
}

void RateLimiter::refill(Clock::TimePoint now) {
  const Clock::TimePoint from = std::max(refilled_at_, paused_until_);
  if (now <= from) return;
  const double seconds = Seconds(now - from).count();
  tokens_ = std::min(burst_, tokens_ + seconds * rate_ * pace);
  rate_ = std::min(share_, rate_ + seconds * share_ * regrowth_per_second);
  refilled_at_ = now;
}

bool RateLimiter::may_go(std::size_t lane) const {
  if (tokens_ < 1 || clock_.now() < paused_until_) return false;
  return std::all_of(queues_.begin(), queues_.begin() + static_cast<std::ptrdiff_t>(lane),
                     [](const Queue& higher) { return higher.empty(); });
}

Clock::TimePoint RateLimiter::next_try(std::size_t lane, Clock::TimePoint now) const {
  double needed = std::max(0.0, 1 - tokens_);
  // Requests of higher lanes take the next tokens; looking again before that would be in vain.
  for (std::size_t higher = 0; higher < lane; ++higher) needed += static_cast<double>(queues_[higher].size());
  // Rounded up, so that the token is there when the thread wakes.
  return std::max(now, paused_until_) + to_duration(needed / (rate_ * pace)) + std::chrono::microseconds{1};
}

void RateLimiter::was_refused(Clock::TimePoint granted) {
  const std::lock_guard lock(mutex_);
  ++refusals_;
  if (granted <= halved_at_) return;
  const Clock::TimePoint now = clock_.now();
  refill(now);
  rate_ /= 2;
  tokens_ = std::min(tokens_, 0.0);
  halved_at_ = now;
}

void RateLimiter::pause_for(Clock::Duration duration) {
  const std::lock_guard lock(mutex_);
  const Clock::TimePoint now = clock_.now();
  refill(now);
  paused_until_ = std::max(paused_until_, now + duration);
  tokens_ = std::min(tokens_, 0.0);  // start gently after the pause
}

double RateLimiter::current_rate() const {
  const std::lock_guard lock(mutex_);
  return rate_;
}

}  // namespace mirror::api
