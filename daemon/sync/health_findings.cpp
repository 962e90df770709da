#include "sync/health_findings.hpp"

#include <fmt/core.h>

#include "db/mirror_tables.hpp"
#include "db/transaction.hpp"
#include "model/streams.hpp"

namespace mirror::sync {
namespace {

void check_holds(db::Transaction& transaction, const db::MirrorTables& tables, StatusBoard& board) {
  const auto open = tables.holds.read_open(transaction);
  for (const auto* table : all_tables()) board.clear("hold", table->name);
  for (const auto& hold : open) {
    board.raise("hold", hold.stream, Severity::degraded,
                fmt::format("hold {}: {} deletions are held ({})", hold.id, hold.deletions, hold.reason),
                fmt::format("look at them with `authkit-mirror holds`, then `authkit-mirror approve {0}` or "
                            "`authkit-mirror discard {0}`",
                            hold.id));
  }
}

void check_quarantine(db::Transaction& transaction, const db::MirrorTables& tables, StatusBoard& board) {
  const long count = tables.quarantine.count(transaction);
  if (count == 0) {
    board.clear("quarantine");
    return;
  }
  board.raise("quarantine", "", Severity::degraded, fmt::format("{} objects can't be decoded or stored", count),
              "read table quarantine for the errors; the objects are tried again at each sweep");
}

/// Until there is an event tail, freshness is the age of the last certified snapshot.
void check_age(db::Transaction& transaction, const db::MirrorTables& tables, const StreamSpec& stream,
               const SyncOptions& options, StatusBoard& board) {
  const auto found = options.streams.find(stream.name);
  const StreamOptions stream_options = found == options.streams.end() ? StreamOptions{} : found->second;
  const auto record = tables.snapshots.read_stream(transaction, stream.name);
  const auto age = record.seconds_since_certified;
  // A standby walks nothing itself, but is ready when the mirror is.
  board.update(stream.name, [&](StreamProgress& progress) { progress.certified_at = record.certified_at; });
  const auto interval = static_cast<double>(stream_options.sweep_interval.count()) * (1 + stream_options.sweep_jitter);
  const auto limit = interval + static_cast<double>(options.health_max_lag.count());
  if (!stream_options.enabled || !age || *age <= interval) {
    board.clear("stream_stale", stream.name);
    return;
  }
  board.raise("stream_stale", stream.name, *age > limit ? Severity::failing : Severity::degraded,
              fmt::format("the last certified snapshot of {} is {:.0f} s old, due every {} s", stream.name, *age,
                          stream_options.sweep_interval.count()),
              "see the other findings of this stream and the log");
}

}  // namespace

void refresh_findings(db::Connection& connection, const SyncOptions& options, StatusBoard& board) {
  const db::MirrorTables tables(connection, options.environment);
  db::Transaction transaction(connection);
  check_holds(transaction, tables, board);
  check_quarantine(transaction, tables, board);
  for (const auto* stream : all_streams()) check_age(transaction, tables, *stream, options, board);
}

}  // namespace mirror::sync
