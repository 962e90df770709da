#pragma once

#include <deque>
#include <optional>
#include <stop_token>
#include <string>

#include "db/feed_retention.hpp"
#include "sync/mirror_session.hpp"

namespace mirror::sync {

/// Keeps archive and feed within events.archive and changes.retention: makes their partitions ahead of time, and lets
/// the months go that are older. A month may be large and everybody waits for the writer, so a round consists of steps
/// that take a fraction of a second each. Not thread-safe.
class Retention {
 public:
  explicit Retention(const MirrorSession& session) : session_(session) {}

  /// Takes the next step of a round, or the first one of the next; returns whether the round goes on. Throws Error when
  /// the writer can't go on.
  bool advance(const std::stop_token& stop);

 private:
  void begin(const std::stop_token& stop);
  void forget_events(const std::stop_token& stop);
  void forget_changes(const std::stop_token& stop);
  template <typename Month, typename Step>
  std::optional<std::string> forget(std::deque<Month>& months, Step step, const std::stop_token& stop);

  const MirrorSession& session_;
  bool is_under_way_ = false;
  std::deque<db::OldMonth> months_of_events_;  ///< that are still to go in this round
  std::deque<db::FeedMonth> months_of_changes_;
};

}  // namespace mirror::sync
