#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>

#include "api/directory_api.hpp"
#include "support/clock.hpp"

namespace mirror::api {

/// Paces all requests of one environment to our share of its quota (rule R14): a token bucket with a small burst. A
/// higher lane goes first. A 429 halves the rate, which then grows back by a twentieth of the share per second; a
/// Retry-After holds every lane back. Thread-safe.
class RateLimiter {
 public:
  RateLimiter(Clock& clock, double share_per_second);

  /// Waits for permission to send one request and returns when it was given. Throws Error (stopped) on a stop.
  Clock::TimePoint acquire(Lane lane, const std::stop_token& stop);

  /// A request that was permitted at `granted` was answered 429. Answers to requests from before the last halving say
  /// nothing new about the rate and do not halve it again.
  void was_refused(Clock::TimePoint granted);
  /// No request before `duration` has passed.
  void pause_for(Clock::Duration duration);

  [[nodiscard]] double current_rate() const;                          ///< requests per second
  [[nodiscard]] std::uint64_t waits() const { return waits_; }        ///< requests that could not be sent at once
  [[nodiscard]] std::uint64_t refusals() const { return refusals_; }  ///< 429 answers

 private:
  static constexpr std::size_t lane_count = 3;

  /// One waiting request. Only the first of its lane watches the clock; it wakes the next one when it leaves.
  struct Waiter {
    std::condition_variable_any first_in_lane;
  };
  using Queue = std::deque<Waiter*>;

  void refill(Clock::TimePoint now);
  [[nodiscard]] bool may_go(std::size_t lane) const;
  [[nodiscard]] Clock::TimePoint next_try(std::size_t lane, Clock::TimePoint now) const;
  bool wait_for_turn(std::unique_lock<std::mutex>& lock, std::size_t lane, Waiter& waiter, const std::stop_token& stop);
  void leave(Queue& queue, const Waiter& waiter);

  Clock& clock_;
  const double share_;
  const double burst_;
  mutable std::mutex mutex_;
  std::array<Queue, lane_count> queues_;
  double rate_;
  double tokens_;
  Clock::TimePoint refilled_at_;
  Clock::TimePoint paused_until_;
  Clock::TimePoint halved_at_;
  std::atomic<std::uint64_t> waits_{0};
  std::atomic<std::uint64_t> refusals_{0};
};

}  // namespace mirror::api
