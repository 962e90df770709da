#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "sync/list_segments.hpp"
#include "sync/mirror_session.hpp"
#include "sync/walk_tracker.hpp"

namespace mirror::sync {

/// How a walk ended.
struct WalkResult {
  std::string problem;  ///< why the walk is no evidence for deletions; empty if all is well
  Instant answered_at;  ///< of the newest page
};

/// Reads one list, or a segment of it, from its beginning or from where an earlier process stood to its end, and hands
/// the pages to the writer. A walk that the API leads astray (a repeated, ignored or refused cursor) begins again, a
/// limited number of times; then the walk of the segment before takes its place, or it is no evidence. Used by one
/// thread.
class ListWalk {
 public:
  /// `task` is one that `segments` gave out.
  ListWalk(const MirrorSession& session, std::shared_ptr<SnapshotContext> snapshot, std::string scope,
           ListSegments& segments, ListSegments::Task task);

  /// The closing proof costs a request. Without `always_prove` it is left out for a list that is one short page; who
  /// needs the walk as evidence then walks again.
  WalkResult run(bool always_prove, const std::stop_token& stop);

 private:
  enum class Advance { more, end };

  Advance advance(bool always_prove, const std::stop_token& stop);
  [[nodiscard]] std::optional<api::ListPage> fetch(const std::stop_token& stop);
  Advance begin_again(std::string reason);
  void note_voided(const std::vector<std::string>& segments);
  Advance finish_list(api::ListPage page, bool always_prove, const std::stop_token& stop);
  [[nodiscard]] bool needs_proof(const api::ListPage& page, bool always_prove) const;
  [[nodiscard]] bool is_closed(const std::stop_token& stop) const;
  void count_at_neighbour(PageWrite& write, const Seam& seam) const;
  [[nodiscard]] PageWrite write_of(api::ListPage page, bool finishes);
  bool skip_if_vanished(const std::stop_token& stop);

  const MirrorSession& session_;
  std::shared_ptr<SnapshotContext> snapshot_;
  std::string scope_;
  ListSegments& segments_;
  std::string segment_;
  PageBudget::Place place_;  ///< for the page in hand, or the next one
  WalkTracker tracker_;
  WalkResult result_;
  bool is_proven_ = false;  ///< the closing proof was asked for and given
  int restarts_ = 0;
  std::vector<std::string> voided_;  ///< to be said with the next page
};

}  // namespace mirror::sync
