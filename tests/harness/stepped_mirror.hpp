#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sync/doubt_loop.hpp"
#include "sync/event_delivery.hpp"
#include "sync/stream_loop.hpp"
#include "sync/stream_snapshot.hpp"
#include "sync/workos_api.hpp"
#include "tests/harness/mirror_fixture.hpp"

namespace mirror::harness {

/// What one process of the daemon has between taking the lease and losing it, moved step by step by a test instead of
/// by its threads. Several environments may share one database. Not thread-safe.
class SteppedMirror {
 public:
  SteppedMirror(const db::DatabaseOptions& database, const sync::SyncOptions& options, const api::ApiOptions& api,
                Clock* api_clock = nullptr);
  /// Over a client that the test made, by a clock that the test moves.
  SteppedMirror(const db::DatabaseOptions& database, const sync::SyncOptions& options,
                const std::shared_ptr<api::ApiClient>& client, Clock& clock);
  explicit SteppedMirror(const MirrorFixture& mirror)
      : SteppedMirror(mirror.database.options(), mirror.options, mirror.api_options, mirror.api_clock) {}
  /// As a process that ends well: what is queued is written, the lease is given back.
  ~SteppedMirror();
  /// From now on as a process that is gone: the lease stays as it is. What is queued must be kept from being written.
  void abandon() { abandoned_ = true; }
  SteppedMirror(const SteppedMirror&) = delete;
  SteppedMirror& operator=(const SteppedMirror&) = delete;

  /// One snapshot of `stream`, from its first page to its certificate.
  db::SnapshotRecord sweep(const StreamSpec& stream);
  /// The same as the daemon's loop does it: never throws, and a failure is noted in the database.
  sync::StreamResult attempt(const StreamSpec& stream);
  /// Snapshots of all streams, parents first.
  void sweep_all();
  /// One page of events; returns whether there is more.
  bool poll();
  /// Polls until there is no more, then settles every doubt and waits for the commit.
  void catch_up();
  void settle_doubts();
  /// A webhook whose signature was verified.
  sync::Delivery deliver(std::string_view body);

  [[nodiscard]] const sync::MirrorSession& session() const { return session_; }
  [[nodiscard]] sync::EventTail& tail() { return tail_; }
  [[nodiscard]] sync::StatusBoard& board() { return board_; }
  [[nodiscard]] int resyncs() const { return resyncs_; }
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

 private:
  Clock& clock_;
  db::Connection control_;
  db::Lease lease_;
  sync::StatusBoard board_;
  sync::WorkosApi workos_;
  sync::LiveOptions options_;
  std::optional<Error> failure_;
  std::unique_ptr<sync::Writer> writer_;
  sync::MirrorSession session_;
  int resyncs_ = 0;
  bool abandoned_ = false;
  sync::EventTail tail_;
  sync::DoubtLoop doubts_;
};

}  // namespace mirror::harness
