#pragma once

#include <mutex>
#include <optional>

#include "support/clock.hpp"
#include "support/instant.hpp"

namespace mirror::api {

/// The API's time, as its answers tell it. An answer without a Date gets the newest one known plus the monotonic time
/// that passed since: the host's own idea of UTC never decides about data. Thread-safe.
class ServerTime {
 public:
  /// `date` as the API wrote it, at `now`. A date older than what is known already does not turn time back.
  void note(Instant date, Clock::TimePoint now);
  /// Empty if no answer ever told a time.
  [[nodiscard]] std::optional<Instant> at(Clock::TimePoint now) const;

 private:
  mutable std::mutex mutex_;
  std::optional<Instant> date_;
  Clock::TimePoint noted_at_;
};

}  // namespace mirror::api
