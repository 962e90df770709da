#include "sync/snapshot_progress.hpp"

namespace mirror::sync {

void show_counts(const db::SnapshotCounts& counts, StreamProgress& progress) {
  const auto as_count = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
  progress.pages = as_count(counts.pages);
  progress.rows = as_count(counts.rows);
  progress.inserted = as_count(counts.inserted);
  progress.changed = as_count(counts.changed);
  progress.unchanged = as_count(counts.unchanged);
  progress.stale = as_count(counts.stale);
  progress.poisoned = as_count(counts.poisoned);
  progress.candidates = as_count(counts.candidates);
  progress.deleted = as_count(counts.deleted);
  progress.held = as_count(counts.held);
  progress.scopes_done = as_count(counts.scopes);
}

std::string certificate_of(const db::SnapshotRecord& snapshot) {
  if (snapshot.state == "running") return {};
  return snapshot.state == "certified" ? snapshot.state : snapshot.state + ": " + snapshot.reason;
}

}  // namespace mirror::sync
