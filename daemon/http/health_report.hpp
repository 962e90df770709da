#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "support/clock.hpp"
#include "sync/status_board.hpp"
#include "sync/sync_options.hpp"

namespace mirror::http {

/// How the daemon is, at one moment. A plain value.
struct HealthReport {
  enum class State { ok, degraded, failing };

  State state = State::ok;
  sync::Role role = sync::Role::starting;
  std::vector<sync::Finding> findings;  ///< what the engine raised and what this report found by itself
  std::map<std::string, sync::StreamProgress, std::less<>> streams;  ///< enabled streams only
  sync::TailProgress tail;
  sync::EventCounts events;                 ///< since the process started
  std::chrono::seconds max_lag{0};          ///< as configured: beyond it events are late
  std::chrono::seconds event_retention{0};  ///< as configured: how long WorkOS keeps events
};

/// "ok", "degraded", "failing".
std::string_view to_string(HealthReport::State state) noexcept;

/// Judges the StatusBoard. The engine raises most findings; this adds those that a stuck engine could no longer raise:
/// stalled loops, streams without a certificate or with one that is too old. Thread-safe.
class Health {
 public:
  Health(const sync::StatusBoard& board, Clock& clock, sync::SyncOptions options);

  /// Intervals and limits after a reload.
  void set_options(sync::SyncOptions options);

  [[nodiscard]] HealthReport report() const;
  /// Why the daemon is not ready, one reason per entry; empty means ready: database and schema are as they should be,
  /// and each enabled stream has a certified snapshot.
  [[nodiscard]] std::vector<std::string> reasons_not_ready() const;
  /// The watchdog's condition (rule R12): names of the loops that are past their deadline.
  [[nodiscard]] std::vector<std::string> stalled_loops() const { return board_.stalled_loops(); }

 private:
  [[nodiscard]] sync::SyncOptions options() const;

  const sync::StatusBoard& board_;
  Clock& clock_;
  Instant started_at_;
  mutable std::mutex mutex_;
  sync::SyncOptions options_;
};

}  // namespace mirror::http
