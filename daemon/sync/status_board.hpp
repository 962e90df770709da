#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/mirror_overview.hpp"
#include "support/clock.hpp"
#include "support/instant.hpp"
#include "sync/commit_times.hpp"
#include "sync/event_counts.hpp"
#include "sync/minute_ring.hpp"

namespace mirror::sync {

enum class Severity { degraded, failing };

/// One thing that is not well, in the words that /healthz and `status` show.
struct Finding {
  std::string code;     ///< stable, for example "hold", "stream_refused", "database_away"
  std::string subject;  ///< stream or other thing it is about; may be empty
  Severity severity = Severity::degraded;
  Instant since;  ///< the host's time when it was first raised
  std::string cause;
  std::string next_step;
};

enum class Role { starting, standby, writer, stopping };

/// "starting", "standby", ...: for health and metrics.
std::string_view to_string(Role role) noexcept;

/// Counters of the running (or last) pass of one stream. Rows are counted when they are committed.
struct StreamProgress {
  std::string phase = "idle";  ///< idle, walking, confirming, resting
  std::uint64_t pages = 0;
  std::uint64_t rows = 0;
  std::uint64_t inserted = 0;
  std::uint64_t changed = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t stale = 0;
  std::uint64_t poisoned = 0;
  std::uint64_t candidates = 0;
  std::uint64_t deleted = 0;
  std::uint64_t held = 0;
  std::uint64_t scopes_done = 0;
  std::uint64_t scopes_total = 0;     ///< organizations to walk, or 1
  std::uint64_t expected_rows = 0;    ///< live rows of the mirror at the start; 0 on a first load
  std::optional<Instant> started_at;  ///< the host's time
  std::optional<Instant> finished_at;
  std::optional<Instant> certified_at;  ///< of the last certificate, the database's time
  std::string certificate;              ///< "certified", "uncertified: reason", "failed: reason"; empty while running
};

/// Where the event tail stands.
struct TailProgress {
  std::optional<Instant> caught_up_through;   ///< the API's time of the last poll that reached the end
  std::optional<Instant> newest_event_at;     ///< creation of the newest event applied
  std::optional<Clock::TimePoint> polled_at;  ///< when that poll ended
  std::uint64_t polls = 0;
  std::uint64_t pages = 0;
  std::uint64_t recoveries = 0;  ///< times that a cursor was refused or ignored
};

/// What happened to one stream in each of the last 60 minutes.
struct StreamHistory {
  MinuteRing rows;     ///< listed and committed
  MinuteRing changes;  ///< rows that its passes inserted, changed or deleted
};

/// What the database said when it was last asked.
struct OverviewReading {
  db::MirrorOverview overview;
  Clock::TimePoint read_at;
};

/// What the daemon knows about itself at this moment: written by the engine, read by health, metrics, the progress bar
/// and the watchdog. Thread-safe.
class StatusBoard {
 public:
  explicit StatusBoard(Clock& clock) : clock_(clock) {}

  /// Raises or updates a finding; `since` stays that of the first time.
  void raise(std::string_view code, std::string_view subject, Severity severity, std::string cause,
             std::string next_step);
  void clear(std::string_view code, std::string_view subject = {});
  [[nodiscard]] std::vector<Finding> findings() const;

  void update(std::string_view stream, const std::function<void(StreamProgress&)>& change);
  [[nodiscard]] std::map<std::string, StreamProgress, std::less<>> streams() const;
  /// The counters of streams() summed over all passes since the process started: for metrics, which must not miss what
  /// happened between two scrapes. Only pages to held are filled.
  [[nodiscard]] std::map<std::string, StreamProgress, std::less<>> totals() const;

  /// Events since the process started.
  void add_events(const EventCounts& counts);
  [[nodiscard]] EventCounts events() const;
  /// Objects and events of erased persons that came and were left out, since the process started.
  void add_left_out(std::uint64_t count);
  [[nodiscard]] std::uint64_t left_out() const;
  void update_tail(const std::function<void(TailProgress&)>& change);
  [[nodiscard]] TailProgress tail() const;

  /// How long ago events were last read to their end, whichever process read them; empty: never.
  [[nodiscard]] std::optional<Clock::Duration> poll_age() const;

  void add_commit(Clock::Duration duration);
  [[nodiscard]] CommitTimes commits() const;

  /// The last hour, by stream; and events received in it, per minute.
  [[nodiscard]] std::map<std::string, StreamHistory, std::less<>> history() const;
  [[nodiscard]] MinuteRing event_history() const;

  void set_overview(db::MirrorOverview overview);
  /// Null until the database was asked for the first time.
  [[nodiscard]] std::shared_ptr<const OverviewReading> overview() const;

  void set_role(Role role);
  [[nodiscard]] Role role() const;
  /// Whether database and schema are as they should be.
  void set_database_ready(bool ready);
  [[nodiscard]] bool database_ready() const;

  /// Rule R12: a loop reports each finished iteration (worked, idle, held, backing off) and by when the next one must
  /// have been finished. A loop that ends deliberately calls retire_loop.
  void finished_iteration(std::string_view loop, Clock::Duration next_within);
  void retire_loop(std::string_view loop);
  /// Names of the loops that are past their deadline; empty means alive.
  [[nodiscard]] std::vector<std::string> stalled_loops() const;

 private:
  Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Finding> findings_;
  std::map<std::string, StreamProgress, std::less<>> streams_;
  std::map<std::string, StreamProgress, std::less<>> totals_;
  std::map<std::string, StreamHistory, std::less<>> history_;
  EventCounts events_;
  std::uint64_t left_out_ = 0;
  MinuteRing event_history_;
  TailProgress tail_;
  CommitTimes commits_;
  std::shared_ptr<const OverviewReading> overview_;
  std::map<std::string, Clock::TimePoint, std::less<>> loop_deadlines_;
  Role role_ = Role::starting;
  bool database_ready_ = false;
};

}  // namespace mirror::sync
