#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>

#include "support/clock.hpp"
#include "support/instant.hpp"
#include "sync/sync_options.hpp"

namespace mirror::sync {

/// When the tail polls next: soon while something happens, seldom when idle, and after a webhook's nudge at growing
/// delays until its event is visible (live, that takes seconds: github.com/get-convex/workos-authkit/issues/73).
/// Thread-safe.
class TailSchedule {
 public:
  explicit TailSchedule(Clock& clock) : clock_(clock) {}

  /// An event of that creation was told otherwise.
  void nudge(Instant event_created_at);
  /// The next poll is due at once.
  void wake();
  /// A poll reached the end of the events; the newest one that it brought was created at `newest`.
  void polled(std::optional<Instant> newest);
  /// Waits until the next poll is due, or somebody nudges.
  void wait(const EventOptions& options, const std::stop_token& stop);

 private:
  [[nodiscard]] Clock::Duration delay(const EventOptions& options) const;

  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any nudged_;
  std::optional<Instant> awaited_;  ///< newest event that a webhook told and no poll brought
  int empty_polls_ = 0;             ///< since something happened
  bool fresh_nudge_ = false;
};

}  // namespace mirror::sync
