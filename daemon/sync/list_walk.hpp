#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "sync/mirror_session.hpp"
#include "sync/walk_tracker.hpp"

namespace mirror::sync {

/// How the walk of one list ended.
struct WalkResult {
  bool proven = false;  ///< the closing proof was asked for and given
  std::string problem;  ///< why the walk is no evidence for deletions; empty if all is well
  std::string first_id;
  std::string last_id;
  std::int64_t rows = 0;
};

/// Reads one list from its beginning, or from where an earlier process stood, to its end, and hands the pages to the
/// writer. A walk that the API leads astray (a repeated, ignored or refused cursor) begins again, a limited number of
/// times; then it is no evidence. Used by one thread.
class ListWalk {
 public:
  ListWalk(const MirrorSession& session, std::shared_ptr<SnapshotContext> snapshot, std::string scope,
           WalkTracker tracker);

  /// The closing proof costs a request. Without `always_prove` it is left out for a list that is one short page; who
  /// needs the walk as evidence then walks again.
  WalkResult run(bool always_prove, const std::stop_token& stop);

 private:
  enum class Advance { more, end, astray };

  Advance advance(bool always_prove, const std::stop_token& stop);
  [[nodiscard]] api::ListPage fetch(const std::stop_token& stop) const;
  [[nodiscard]] bool needs_proof(const api::ListPage& page, bool always_prove) const;
  [[nodiscard]] bool is_closed(const std::stop_token& stop) const;
  void begin_again(std::string reason);
  void push(api::ListPage page, bool finishes, const std::stop_token& stop);
  bool skip_if_vanished(const std::stop_token& stop);

  const MirrorSession& session_;
  std::shared_ptr<SnapshotContext> snapshot_;
  std::string scope_;
  WalkTracker tracker_;
  WalkResult result_;
  std::string detour_;  ///< why the walk began again
  int restarts_ = 0;
  bool next_page_restarts_ = false;
};

}  // namespace mirror::sync
