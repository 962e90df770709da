#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "db/connection.hpp"
#include "db/lease.hpp"
#include "sync/doubt_loop.hpp"
#include "sync/event_tail.hpp"
#include "sync/hold_decision.hpp"
#include "sync/mirror_session.hpp"
#include "sync/stop_guard.hpp"
#include "sync/stream_loop.hpp"
#include "sync/workos_api.hpp"

namespace mirror::sync {

/// The work of one process from taking the lease to giving it up: the writer and a loop per enabled stream. Ends by
/// itself when the writer can't go on. Made and destroyed by one thread.
class LeasePeriod {
 public:
  /// `lease` must be held. Ends when `stop` is requested.
  LeasePeriod(db::Connection connection, db::Lease& lease, const WorkosApi& api, const LiveOptions& options,
              Clock& clock, StatusBoard& board, const std::stop_token& stop);
  /// Waits for the loops, writes what is queued.
  ~LeasePeriod();

  /// Rule R15; throws Error (misconfigured).
  void require_same_environment();
  /// Starts following events and the loops of all enabled streams.
  void start();
  /// One attempt at every enabled stream, side by side where they do not depend on each other.
  std::vector<StreamResult> run_pass();

  /// Asks for a snapshot of every stream as soon as possible.
  void request_all();

  [[nodiscard]] const MirrorSession& session() const { return session_; }
  [[nodiscard]] EventTail& tail() { return tail_; }
  [[nodiscard]] const std::vector<std::unique_ptr<StreamLoop>>& loops() const { return loops_; }
  /// Requested when the period is over, for whatever reason.
  [[nodiscard]] std::stop_token stop_token() const { return stop_.get_token(); }
  /// Throws what ended the writer, if anything did.
  void rethrow_failure() const;

 private:
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> forward_stop_;
  mutable std::mutex mutex_;
  std::optional<Error> failure_;
  Writer writer_;
  MirrorSession session_;
  std::vector<std::unique_ptr<StreamLoop>> loops_;
  EventTail tail_;
  DoubtLoop doubts_;
  std::vector<std::jthread> threads_;
  std::optional<StopGuard> stop_guard_;
};

}  // namespace mirror::sync
