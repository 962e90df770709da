#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "support/backoff.hpp"
#include "sync/mirror_session.hpp"
#include "sync/sweep_pace.hpp"

namespace mirror::sync {

/// How one attempt at a stream's snapshot ended.
struct StreamResult {
  std::string stream;
  std::optional<db::SnapshotRecord> snapshot;  ///< empty if it failed before its end
  Fault fault = Fault::stopped;                ///< if it failed
  std::string error;
  std::string next_step;

  [[nodiscard]] bool is_certified() const { return snapshot && snapshot->state == "certified"; }
};

/// Decides when a stream is walked: when it is due, when it is asked for, and after failures with backoff. Runs on a
/// thread of its own; request(), result_of() and reconfigure() are thread-safe.
class StreamLoop {
 public:
  /// `parent` is the loop of the stream whose rows scope this one's lists, or null.
  StreamLoop(const MirrorSession& session, const StreamSpec& stream, StreamLoop* parent);

  /// Walks the stream whenever it is due, until a stop is requested.
  void run(const std::stop_token& stop);
  /// One attempt, as soon as the parent has made one. Never throws for a failed one.
  StreamResult run_once(const std::stop_token& stop);

  /// Asks for a snapshot as soon as possible; returns the number of the attempt to wait for.
  std::int64_t request();
  /// The result of attempt `number` or a later one; empty if it has not ended yet.
  [[nodiscard]] std::optional<StreamResult> result_of(std::int64_t number) const;
  /// New intervals apply from the next attempt on.
  void reconfigure(const StreamOptions& options);
  [[nodiscard]] const StreamSpec& stream() const { return stream_; }

 private:
  void wait_until_due(const std::stop_token& stop);
  void wait_for_parent(const std::stop_token& stop);
  /// Waits, for a nap, while an attempt of this loop is under way or due at once: its children list what it finds.
  /// False if it still is.
  bool wait_until_settled(const std::stop_token& stop);
  void wait_for_attempt(const std::stop_token& stop);
  [[nodiscard]] Clock::Duration first_delay(const std::stop_token& stop);
  [[nodiscard]] Clock::Duration delay_after(const StreamResult& result);
  StreamResult attempt(const std::stop_token& stop);
  /// How long a sweep of many lists may take: while events are followed, nobody waits for it.
  [[nodiscard]] Clock::Duration leisure() const;
  void note(const StreamResult& result, const std::stop_token& stop);
  void raise_or_clear(const StreamResult& result);

  const MirrorSession& session_;
  const StreamSpec& stream_;
  StreamLoop* parent_;
  SweepPace pace_;
  Backoff backoff_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  StreamOptions options_;
  Clock::TimePoint due_at_;
  bool is_scheduled_ = false;  ///< due_at_ is known
  bool requested_ = false;
  bool running_ = false;
  std::int64_t attempts_ = 0;
  StreamResult last_result_;
};

}  // namespace mirror::sync
