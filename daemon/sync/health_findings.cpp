#include "sync/health_findings.hpp"

#include <fmt/core.h>

#include <algorithm>

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
  const auto set = [&](std::string_view subject, long count, std::string_view what, const char* next_step) {
    if (count == 0) {
      board.clear("quarantine", subject);
    } else {
      board.raise("quarantine", subject, Severity::degraded,
                  fmt::format("{} {} can't be decoded or stored", count, what), next_step);
    }
  };
  set("", tables.quarantine.count(transaction), "objects",
      "read table quarantine for the errors; the objects are tried again at each sweep");
  set("events", tables.events.count_quarantined(transaction), "events",
      "look at them with `authkit-mirror events list --quarantined`; `authkit-mirror events retry` tries them again, "
      "and so does an upgrade");
}

/// A cursor this old comes near to what one query may span (30 days of 90 that WorkOS keeps).
double oldest_reach(const EventOptions& options) {
  return static_cast<double>(options.retention.count()) * 20 / 90;
}

/// Freshness is the age of the last poll that reached the end, by the database's clock.
void check_tail(db::Transaction& transaction, const db::MirrorTables& tables, const SyncOptions& options,
                StatusBoard& board) {
  const auto tail = tables.tails.read(transaction);
  const double age = tail ? tail->seconds_since_poll.value_or(0) : 0;
  if (tail && tail->caught_up_through) {
    board.update_tail([&](TailProgress& progress) {
      progress.caught_up_through = std::max(progress.caught_up_through, tail->caught_up_through);
    });
  }
  if (age <= static_cast<double>(options.health_max_lag.count())) {
    board.clear("events_late");
  } else {
    board.raise("events_late", "", Severity::failing,
                fmt::format("events were last read to their end {:.0f} s ago", age),
                tail->problem.empty() ? "see the other findings and the log" : "the reason: " + tail->problem);
  }
  if (age <= oldest_reach(options.events)) {
    board.clear("cursor_old");
  } else {
    board.raise("cursor_old", "", Severity::degraded,
                fmt::format("events have not been read to their end for {:.0f} days; WorkOS keeps them for {:.0f}",
                            age / 86'400, static_cast<double>(options.events.retention.count()) / 86'400),
                "mend what keeps the tail from reading before events are lost; see the other findings");
  }
}

/// A standby walks nothing itself, but is ready when the mirror is.
void show_certificates(db::Transaction& transaction, const db::MirrorTables& tables, StatusBoard& board) {
  for (const auto* stream : all_streams()) {
    const auto record = tables.snapshots.read_stream(transaction, stream->name);
    board.update(stream->name, [&](StreamProgress& progress) { progress.certified_at = record.certified_at; });
  }
}

}  // namespace

void refresh_findings(db::Connection& connection, const SyncOptions& options, StatusBoard& board) {
  const db::MirrorTables tables(connection, options.environment);
  db::Transaction transaction(connection);
  check_holds(transaction, tables, board);
  check_quarantine(transaction, tables, board);
  check_tail(transaction, tables, options, board);
  show_certificates(transaction, tables, board);
  board.set_drift(tables.drift.totals(transaction));
}

}  // namespace mirror::sync
