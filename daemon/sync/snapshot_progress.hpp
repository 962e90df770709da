#pragma once

#include "db/snapshot_store.hpp"
#include "sync/status_board.hpp"

namespace mirror::sync {

/// Shows a stored snapshot's counts as the progress of its stream. Pure.
void show_counts(const db::SnapshotCounts& counts, StreamProgress& progress);

/// "certified", "uncertified: reason", or "failed: reason"; empty while it runs. Pure.
std::string certificate_of(const db::SnapshotRecord& snapshot);

}  // namespace mirror::sync
