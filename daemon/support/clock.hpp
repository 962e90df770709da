#pragma once

#include <chrono>
#include <stop_token>

#include "support/instant.hpp"

namespace mirror {

/// Time as the daemon's loops see it. Waiting goes through here so that tests use a manual clock instead of sleeping.
/// Implementations are thread-safe.
class Clock {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  virtual ~Clock() = default;
  /// Monotonic time, for pacing and deadlines.
  [[nodiscard]] virtual TimePoint now() const = 0;
  /// The host's idea of UTC: for display only, never to decide about data.
  [[nodiscard]] virtual Instant wall() const = 0;
  /// Waits until `when`; returns false at once when a stop is requested.
  virtual bool wait_until(TimePoint when, const std::stop_token& stop) = 0;

  bool wait_for(Duration duration, const std::stop_token& stop) { return wait_until(now() + duration, stop); }
};

/// The real clocks of this host.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override;
  [[nodiscard]] Instant wall() const override;
  bool wait_until(TimePoint when, const std::stop_token& stop) override;
};

}  // namespace mirror
