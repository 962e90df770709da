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
/// their own table, and says which one crosses a limit. An approval begins anew: what had died by then does not count.
/// Lives within one write transaction; not thread-safe.
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
    long decides_about = 0;       ///< so many deletions `live_rows` decides about
    long live_rows = 0;           ///< counted so far
  };

  Window& window_of(const TableSpec& table, Instant at);
  std::optional<std::string> crossed(const TableSpec& table, Instant at, long more);
  long live_rows_for(const TableSpec& table, long deletions);
  long count_live_rows(const TableSpec& table, std::optional<long> most);

  WriteSession& session_;
  BrakeOptions options_;
  std::map<const TableSpec*, Window> windows_;
};

}  // namespace mirror::sync
