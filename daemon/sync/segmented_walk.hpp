#pragma once

#include <exception>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "sync/list_segments.hpp"
#include "sync/list_walk.hpp"
#include "sync/mirror_session.hpp"

namespace mirror::sync {

/// What all walks of one list came to.
struct ListResult {
  std::string problem;  ///< why they are no evidence for deletions; empty if all is well
  std::string first_id;
  std::string last_id;
  std::int64_t rows = 0;
};

/// Reads one environment-wide list with as many walks side by side as MirrorSession::parallelism() allows, and proves
/// that together they read all of it. With one walk at a time the list is never cut. Used by one thread.
class SegmentedWalk {
 public:
  /// `stored`: what an earlier process has read for this snapshot. `known_rows`: live rows of the mirror.
  SegmentedWalk(const MirrorSession& session, std::shared_ptr<SnapshotContext> snapshot,
                const std::vector<db::WalkRecord>& stored, long known_rows);

  /// Throws the first Error that a walk throws.
  ListResult run(const std::stop_token& stop);

 private:
  void start_walks(std::stop_source& walks_stop);
  void start(ListSegments::Task task, std::stop_source& walks_stop);
  void join_ended();
  [[nodiscard]] bool may_start_another();
  void look_for_places(const std::stop_token& stop);
  void add_up(const WalkResult& result);
  void finish(const std::stop_token& stop);

  const MirrorSession& session_;
  std::shared_ptr<SnapshotContext> snapshot_;
  long known_rows_;
  ListSegments segments_;
  Clock::TimePoint looked_at_;  ///< when places were looked for last

  std::mutex mutex_;  ///< guards what the walks leave behind
  std::vector<std::thread::id> ended_;
  std::exception_ptr first_error_;
  WalkResult sum_;  ///< the first problem, the newest answer

  std::vector<std::jthread> threads_;  ///< last, so that they are joined before the rest goes
};

}  // namespace mirror::sync
