#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "db/mirror_tables.hpp"
#include "sync/brake.hpp"
#include "sync/write_job.hpp"

namespace mirror::sync {

/// Rule R8 for deletions by event: counts them per table over a window of source time, children of deleted parents in
/// their own table, and says which one crosses a limit. What a person has approved does not count again. Lives within
/// one write transaction; not thread-safe.
class EventBrake {
 public:
  EventBrake(WriteSession& session, const BrakeOptions& options) : session_(session), options_(options) {}

  /// Why a death in `table` at the instant `at` must wait, with `children` that would die with it, as a phrase; empty:
  /// it passes and is counted. A row that is not alive here counts for its children only.
  std::optional<std::string> stop(const TableSpec& table, Instant at, bool is_live, const db::ChildCounts& children);
  /// Live rows of `table` before the deletions that were let pass.
  long live_rows(const TableSpec& table);

 private:
  struct Window {
    std::vector<Instant> deaths;  ///< by event, counted
    long buried = 0;              ///< of these, those that are no longer live rows
    Instant approved_through;
    std::optional<long> live_rows;
  };

  Window& window_of(const TableSpec& table, Instant at);
  std::optional<std::string> crossed(const TableSpec& table, Instant at, long more);

  WriteSession& session_;
  BrakeOptions options_;
  std::map<const TableSpec*, Window> windows_;
};

}  // namespace mirror::sync
