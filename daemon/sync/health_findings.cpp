#include "sync/health_findings.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "model/streams.hpp"

namespace mirror::sync {
namespace {

void check_holds(const db::MirrorOverview& overview, StatusBoard& board) {
  for (const auto* table : all_tables()) board.clear("hold", table->name);
  for (const auto& hold : overview.holds) {
    board.raise("hold", hold.stream, Severity::degraded,
                fmt::format("hold {}: {} deletions are held ({})", hold.id, hold.deletions, hold.reason),
                fmt::format("look at them with `authkit-mirror holds`, then `authkit-mirror approve {0}` or "
                            "`authkit-mirror discard {0}`",
                            hold.id));
  }
}

void check_quarantine(const db::MirrorOverview& overview, StatusBoard& board) {
  const auto set = [&](std::string_view subject, std::int64_t count, std::string_view what, const char* next_step) {
    if (count == 0) {
      board.clear("quarantine", subject);
    } else {
      board.raise("quarantine", subject, Severity::degraded,
                  fmt::format("{} {} can't be decoded or stored", count, what), next_step);
    }
  };
  std::int64_t objects = 0;
  for (const auto& [table, count] : overview.quarantine) objects += count;
  set("", objects, "objects", "read table quarantine for the errors; the objects are tried again at each sweep");
  set("events", overview.quarantined_events, "events",
      "look at them with `authkit-mirror events list --quarantined`; `authkit-mirror events retry` tries them again, "
      "and so does an upgrade");
}

/// A cursor this old comes near to what one query may span (30 days of 90 that WorkOS keeps).
double oldest_reach(const EventOptions& options) {
  return static_cast<double>(options.retention.count()) * 20 / 90;
}

/// Freshness is the age of the last poll that reached the end, by the database's clock.
void check_tail(const db::MirrorOverview& overview, const SyncOptions& options, StatusBoard& board) {
  const auto& tail = overview.tail;
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

/// A standby walks nothing itself, but is ready when the mirror is. A stream of which the database knows nothing has no
/// certificate, whatever it had before: the database may have been replaced.
void show_certificates(const db::MirrorOverview& overview, StatusBoard& board) {
  for (const auto* stream : all_streams()) {
    const auto known = std::ranges::find(overview.streams, stream->name, &db::StreamOverview::stream);
    const auto certified_at = known == overview.streams.end() ? std::nullopt : parse_instant(known->certified_at);
    board.update(stream->name, [&](StreamProgress& progress) { progress.certified_at = certified_at; });
  }
}

}  // namespace

void refresh_findings(db::Connection& connection, const SyncOptions& options, StatusBoard& board) {
  auto overview = db::read_overview(connection, options.environment);
  check_holds(overview, board);
  check_quarantine(overview, board);
  check_tail(overview, options, board);
  show_certificates(overview, board);
  board.set_overview(std::move(overview));
}

}  // namespace mirror::sync
