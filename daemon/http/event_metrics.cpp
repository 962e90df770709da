#include "http/event_metrics.hpp"

#include <array>

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

}  // namespace

std::vector<Sample> event_samples(const sync::StatusBoard& board) {
  const auto counts = board.events();
  const auto tail = board.tail();
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
  add("tail_caught_up_timestamp_seconds",
      "Up to when events are in the mirror, by the clock of the API; 0: not known yet.", Kind::gauge,
      seconds(tail.caught_up_through));
  add("tail_newest_event_timestamp_seconds", "Creation of the newest event read; 0: none.", Kind::gauge,
      seconds(tail.newest_event_at));
  add("tail_polls_total", "Pages of events read.", Kind::counter, static_cast<double>(tail.polls));
  add("tail_recoveries_total", "Times that the event cursor was refused or ignored.", Kind::counter,
      static_cast<double>(tail.recoveries));
  for (const auto& drift : board.drift()) {
    samples.push_back({"drift_rows_total",
                       "Rows that sweeps corrected although events were followed, by cause.",
                       Kind::counter,
                       {{"table", drift.table}, {"cause", drift.cause}},
                       static_cast<double>(drift.rows)});
  }
  return samples;
}

}  // namespace mirror::http
