#include "http/event_metrics.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace mirror::http {
namespace {

using Kind = Sample::Kind;

struct EventResult {
  const char* name;
  std::uint64_t sync::EventCounts::*value;
};

constexpr std::array event_results{
    EventResult{"written", &sync::EventCounts::written},   EventResult{"unchanged", &sync::EventCounts::unchanged},
    EventResult{"stale", &sync::EventCounts::stale},       EventResult{"doubtful", &sync::EventCounts::doubtful},
    EventResult{"deleted", &sync::EventCounts::deleted},   EventResult{"held", &sync::EventCounts::held},
    EventResult{"archived", &sync::EventCounts::archived}, EventResult{"parked", &sync::EventCounts::parked},
};

double seconds(const std::optional<Instant>& instant) {
  return instant ? static_cast<double>(instant->microseconds) / static_cast<double>(microseconds_per_second) : 0;
}

double seconds(Clock::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

/// The API's time, judged by the API's clock: what it was at the last poll, and how long ago that was.
std::optional<double> cursor_age(const sync::StatusBoard& board, const sync::TailProgress& tail, double poll_age) {
  const auto reading = board.overview();
  if (!tail.caught_up_through || !reading || !reading->overview.tail) return std::nullopt;
  const db::TailRecord& stored = *reading->overview.tail;
  const Instant position =
      std::max(stored.cursor_created_at.value_or(stored.anchor), tail.newest_event_at.value_or(Instant{}));
  return std::max(0.0, seconds(tail.caught_up_through) - seconds(position)) + poll_age;
}

}  // namespace

std::vector<Sample> event_samples(const sync::StatusBoard& board, const HealthReport& report) {
  const auto& counts = report.events;
  const auto& tail = report.tail;
  std::vector<Sample> samples;
  const auto add = [&](const char* name, const char* help, Kind kind, double value) {
    samples.push_back({name, help, kind, {}, value});
  };
  add("events_received_total", "Events that the tail, webhooks or the archive brought.", Kind::counter,
      static_cast<double>(counts.received));
  for (const auto& result : event_results) {
    samples.push_back({"events_total",
                       "What became of events; a deletion counts the rows that died.",
                       Kind::counter,
                       {{"result", result.name}},
                       static_cast<double>(counts.*result.value)});
  }
  add("erased_left_out_total", "Objects and events of erased persons that WorkOS still sent, and that were not stored.",
      Kind::counter, static_cast<double>(board.left_out()));
  add("tail_caught_up_timestamp_seconds",
      "Up to when events are in the mirror, by the clock of the API; 0: not known yet.", Kind::gauge,
      seconds(tail.caught_up_through));
  add("tail_newest_event_timestamp_seconds", "Creation of the newest event read; 0: none.", Kind::gauge,
      seconds(tail.newest_event_at));
  add("tail_polls_total", "Pages of events read.", Kind::counter, static_cast<double>(tail.polls));
  add("tail_recoveries_total", "Times that the event cursor was refused or ignored.", Kind::counter,
      static_cast<double>(tail.recoveries));
  if (const auto poll_age = board.poll_age()) {
    add("tail_poll_age_seconds", "How long ago events were last read to their end, by any process.", Kind::gauge,
        seconds(*poll_age));
    if (const auto age = cursor_age(board, tail, seconds(*poll_age))) {
      add("tail_cursor_age_seconds",
          "Age of the event behind which the next poll begins; past 20 days without events a poll begins at a time "
          "instead.",
          Kind::gauge, *age);
    }
  }
  add("tail_max_lag_seconds", "Setting health.max_lag: an older poll is late.", Kind::gauge,
      static_cast<double>(report.max_lag.count()));
  add("tail_retention_seconds", "Setting events.retention: older events are lost.", Kind::gauge,
      static_cast<double>(report.event_retention.count()));
  return samples;
}

}  // namespace mirror::http
