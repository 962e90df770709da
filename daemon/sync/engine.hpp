#pragma once

#include <functional>
#include <optional>
#include <shared_mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "api/directory_api.hpp"
#include "db/connection.hpp"
#include "db/erasure.hpp"
#include "db/lease.hpp"
#include "sync/event_replay.hpp"
#include "sync/hold_decision.hpp"
#include "sync/live_options.hpp"
#include "sync/status_board.hpp"
#include "sync/stream_loop.hpp"
#include "sync/webhook_delivery.hpp"
#include "sync/workos_api.hpp"

namespace mirror::sync {

class LeasePeriod;

/// What becomes of a first start that fails where waiting helps nobody (a key of another environment, a schema that
/// this version does not know).
enum class HopelessStart {
  ends_run,  ///< the process has nothing else to do: whoever started it sees the error at once
  rests      ///< others depend on the process: it is shown on the status board, and tried again at long intervals
};

/// Keeps one environment's mirror true. run() is the daemon; the others are commands, which take the lease if nobody
/// holds it and otherwise hand their request to the holder and wait for its answer (rule R11).
/// reconfigure() and deliver() may be called from any thread, the others from one.
class Engine {
 public:
  Engine(db::DatabaseOptions database, const SyncOptions& options, const WorkosApi& api, Clock& clock,
         StatusBoard& board);

  /// Runs until a stop is requested. What passes by itself (database or API away, lease elsewhere) is waited out and
  /// shown on the status board; throws Error for what a person has to mend (misconfigured, refused by the database),
  /// unless such a start rests.
  void run(const std::stop_token& stop, HopelessStart hopeless = HopelessStart::ends_run);

  /// One pass over every enabled stream.
  std::vector<StreamResult> sync(const std::stop_token& stop);
  HoldOutcome approve(int hold, const std::string& decided_by, const std::stop_token& stop);
  HoldOutcome discard(int hold, const std::string& decided_by, const std::stop_token& stop);

  /// Tries the events in quarantine again.
  ReplayOutcome retry_events(const std::stop_token& stop);
  /// Applies archived events since then once more.
  ReplayOutcome replay_events(Instant since, const std::stop_token& stop);
  /// Follows events from now on, and asks for a snapshot of every stream: the way out of a lost cursor.
  void restart_tail(const std::stop_token& stop);

  /// Removes a person from the mirror for good. With `is_live_allowed` also a user who still exists at WorkOS. Throws
  /// Error (usage) for an id that is no user's, or of a user who still exists.
  db::Erasure erase(const std::string& user, const std::string& erased_by, bool is_live_allowed,
                    const std::stop_token& stop);

  /// Applies a webhook's event, whose signature was verified; returns after its commit. Unavailable unless this process
  /// holds the lease. Throws Error when the writer can't go on. Thread-safe.
  Delivery deliver(std::string_view body);

  /// Jobs that wait for the writer; 0 unless this process holds the lease. Thread-safe.
  [[nodiscard]] std::size_t queued_jobs() const;

  /// Applies what may change while running: intervals, brake limits, health limits.
  void reconfigure(const SyncOptions& options);

 private:
  using Work = std::function<std::string(LeasePeriod&, const std::string& arguments)>;

  void run_period(const std::stop_token& stop);
  void run_lease_period(db::Connection& connection, const std::stop_token& stop);
  /// Brings the schema up to date, or checks that it is.
  void prepare_schema(db::Connection& connection, bool may_migrate) const;
  void require_known_schema(db::Connection& connection);
  void require_key(db::Connection& connection);
  bool wait_for_lease(db::Connection& connection, const std::stop_token& stop);
  void stand_by();
  void keep_house(LeasePeriod& period, db::Connection& connection);
  void wait_out(const Error& error, Clock::Duration rest, const std::stop_token& stop);
  void rest_hopeless(const Error& error, Clock::Duration rest, const std::stop_token& stop);

  /// Does `work` here, or has the lease's holder do command `kind`; returns the result as JSON.
  std::string perform(const std::string& kind, const std::string& arguments, const Work& work,
                      const std::stop_token& stop);
  /// The same with the usual work of that kind.
  std::string perform(const std::string& kind, const std::string& arguments, const std::stop_token& stop);
  std::string perform_here(const Work& work, const std::string& arguments, const std::stop_token& stop);

  db::DatabaseOptions database_;
  const std::string environment_;
  LiveOptions options_;
  const WorkosApi& api_;
  Clock& clock_;
  StatusBoard& board_;
  db::Lease lease_;
  bool was_running_ = false;  ///< a period began: from now on every trouble is waited out
  mutable std::shared_mutex mutex_;
  LeasePeriod* period_ = nullptr;  ///< while one runs; for other threads
};

}  // namespace mirror::sync
