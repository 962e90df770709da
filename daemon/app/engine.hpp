#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>
#include <vector>

#include "app/config.hpp"
#include "db/erasure.hpp"
#include "http/sample.hpp"
#include "support/clock.hpp"
#include "sync/engine.hpp"
#include "sync/event_replay.hpp"
#include "sync/status_board.hpp"
#include "sync/webhook_delivery.hpp"

namespace mirror::app {

enum class HoldDecision { approve, discard };

/// What became of a hold's rows, those that died with them included.
struct HoldOutcome {
  long deleted = 0;
  long kept = 0;  ///< seen again meanwhile, or still at the API
};

/// What keeps the mirror true, as the commands around it see it. The seam between this folder and daemon/sync.
class Engine {
 public:
  virtual ~Engine() = default;

  /// The daemon's work: returns after a stop was requested, at a committed page. Being away of API or database is
  /// survived; throws Error only for what ends the process. `hopeless` says what a start does that only a person can
  /// help.
  virtual void run(const std::stop_token& stop, sync::HopelessStart hopeless) = 0;
  /// One full pass over all enabled streams, its result on the StatusBoard. Throws Error if nothing could be done.
  virtual void sync_once(const std::stop_token& stop) = 0;
  /// Decides about an open hold (rule R8). Throws Error (usage) if there is no open one of that number.
  virtual HoldOutcome decide_hold(int id, HoldDecision decision, const std::stop_token& stop) = 0;

  /// Removes a person from the mirror for good; with `is_live_allowed` also one who still exists at WorkOS. Throws
  /// Error (usage) for what is no user's id, or for a user who still exists.
  virtual db::Erasure erase(const std::string& user, bool is_live_allowed, const std::stop_token& stop) = 0;

  /// Tries the events in quarantine again (rule R10).
  virtual sync::ReplayOutcome retry_events(const std::stop_token& stop) = 0;
  /// Applies archived events since that instant once more.
  virtual sync::ReplayOutcome replay_events(Instant since, const std::stop_token& stop) = 0;
  /// Follows events from now on, and every list anew: the way out of a lost cursor.
  virtual void restart_tail(const std::stop_token& stop) = 0;

  /// Options after a reload; only reloadable ones differ. Called by another thread than run().
  virtual void apply(const Config& config) = 0;
  /// Applies a webhook's event, whose signature was checked; returns once that is durable. Throws Error. Called by many
  /// threads at once.
  virtual sync::Delivery deliver(std::string_view body) = 0;
  /// What the API's clock says now; empty if it has not answered yet. Called by any thread.
  [[nodiscard]] virtual std::optional<Instant> api_time() const = 0;
  /// Statistics of the API client and the writer for /metrics. Called by any thread.
  [[nodiscard]] virtual std::vector<http::Sample> samples() const = 0;
};

using EngineFactory = std::function<std::unique_ptr<Engine>(const Config&, sync::StatusBoard&, Clock&)>;

/// The real one. Connects to nothing yet.
std::unique_ptr<Engine> make_engine(const Config& config, sync::StatusBoard& board, Clock& clock);

}  // namespace mirror::app
