#pragma once

#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "sync/mirror_session.hpp"
#include "sync/segmented_walk.hpp"
#include "sync/sweep_pace.hpp"

namespace mirror::sync {

/// One snapshot of one stream, from the first page to the certificate: opens it or resumes an interrupted one, walks
/// its lists, settles doubts by reads of single objects, and deletes what is proven to be gone unless the brake holds
/// it. Throws Error when it can't go on; what is committed stays, and the next run resumes there. Used by one thread.
class StreamSnapshot {
 public:
  /// `pace` may be null: as fast as it can.
  StreamSnapshot(const MirrorSession& session, const StreamSpec& stream, SweepPace* pace = nullptr)
      : session_(session), stream_(stream), pace_(pace) {}

  /// Returns the snapshot as stored: certified, or uncertified with the reason.
  db::SnapshotRecord run(const std::stop_token& stop);

 private:
  void open_or_resume(const std::stop_token& stop);
  void start_status(const db::SnapshotRecord& record, long live_rows);
  void walk(const std::stop_token& stop);
  void walk_whole_list(const std::stop_token& stop);
  void refuse_emptiness();
  void walk_scopes(const std::stop_token& stop);
  [[nodiscard]] std::vector<db::ScopeToWalk> read_scopes(const std::stop_token& stop);
  void walk_scope(const db::ScopeToWalk& scope, const std::stop_token& stop);
  void prove_scopes_with_candidates(const std::stop_token& stop);
  void find_orphans(const std::stop_token& stop);
  void settle_suspects(const std::stop_token& stop);
  db::SnapshotRecord finish(const std::stop_token& stop);
  void record_first_load(WriteSession& write, Instant started_at) const;
  void note_problem(const std::string& problem);
  void set_phase(const char* phase);

  const MirrorSession& session_;
  const StreamSpec& stream_;
  SweepPace* pace_;
  std::shared_ptr<SnapshotContext> snapshot_;
  long live_at_start_ = 0;
  std::int64_t rows_before_ = 0;              ///< read by the process that was interrupted
  std::vector<db::WalkRecord> stored_walks_;  ///< of the environment-wide list
  ListResult walk_result_;
  std::mutex mutex_;            ///< guards problem_ during parallel walks
  std::string problem_;         ///< the first reason for refusing the certificate
  db::SnapshotCounts outcome_;  ///< candidates, deleted, held
};

}  // namespace mirror::sync
