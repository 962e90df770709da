#include "http/health_report.hpp"

#include <algorithm>
#include <utility>

#include "model/streams.hpp"

namespace mirror::http {
namespace {

using sync::Finding;
using sync::Severity;

sync::StreamOptions options_of(const sync::SyncOptions& options, std::string_view stream) {
  const auto place = options.streams.find(stream);
  return place == options.streams.end() ? sync::StreamOptions{} : place->second;
}

/// The age at which a certificate is too old: a sweep may come late by its jitter, and `health.max_lag` is granted.
std::int64_t allowed_age_seconds(const sync::SyncOptions& options, const sync::StreamOptions& stream) {
  const auto interval = static_cast<double>(stream.sweep_interval.count());
  return static_cast<std::int64_t>(interval * (1 + stream.sweep_jitter)) + options.health_max_lag.count();
}

Finding stalled(const std::string& loop, Instant now) {
  return {"loop_stalled",
          loop,
          Severity::failing,
          now,
          "the loop \"" + loop + "\" has not come round in time",
          "the watchdog restarts the daemon; report it with the log of the last minutes"};
}

Finding without_certificate(const std::string& stream, Instant since) {
  return {"no_snapshot",
          stream,
          Severity::degraded,
          since,
          "no complete snapshot of " + stream + " yet",
          "wait for the first pass to end; `authkit-mirror status` shows how far it is"};
}

/// While events are followed, a late sweep is no reason to mistrust the mirror as a whole.
Finding overdue(const std::string& stream, Instant due_at, std::int64_t age_seconds, bool follows_events) {
  return {"snapshot_overdue",
          stream,
          follows_events ? Severity::degraded : Severity::failing,
          due_at,
          "the last complete snapshot of " + stream + " is " + std::to_string(age_seconds) + " s old",
          "look at this stream's other findings and at the log; `authkit-mirror check` tests key and network"};
}

HealthReport::State worst(const std::vector<Finding>& findings) {
  if (findings.empty()) return HealthReport::State::ok;
  const bool failing = std::any_of(findings.begin(), findings.end(),
                                   [](const Finding& finding) { return finding.severity == Severity::failing; });
  return failing ? HealthReport::State::failing : HealthReport::State::degraded;
}

}  // namespace

std::string_view to_string(HealthReport::State state) noexcept {
  switch (state) {
    case HealthReport::State::ok:
      return "ok";
    case HealthReport::State::degraded:
      return "degraded";
    case HealthReport::State::failing:
      return "failing";
  }
  return "failing";
}

Health::Health(const sync::StatusBoard& board, Clock& clock, sync::SyncOptions options)
    : board_(board), clock_(clock), started_at_(clock.wall()), options_(std::move(options)) {}

void Health::set_options(sync::SyncOptions options) {
  const std::lock_guard lock(mutex_);
  options_ = std::move(options);
}

sync::SyncOptions Health::options() const {
  const std::lock_guard lock(mutex_);
  return options_;
}

HealthReport Health::report() const {
  const sync::SyncOptions limits = options();
  const Instant now = clock_.wall();
  HealthReport report;
  report.role = board_.role();
  report.findings = board_.findings();
  report.tail = board_.tail();
  report.events = board_.events();
  report.max_lag = limits.health_max_lag;
  report.event_retention = limits.events.retention;
  for (const std::string& loop : board_.stalled_loops()) report.findings.push_back(stalled(loop, now));

  const auto known = board_.streams();
  for (const StreamSpec* stream : all_streams()) {
    const sync::StreamOptions stream_options = options_of(limits, stream->name);
    if (!stream_options.enabled) continue;
    const auto place = known.find(stream->name);
    const std::string name{stream->name};
    const sync::StreamProgress& progress =
        report.streams.emplace(name, place == known.end() ? sync::StreamProgress{} : place->second).first->second;
    if (!progress.certified_at) {
      report.findings.push_back(without_certificate(name, started_at_));
      continue;
    }
    const std::int64_t age = (now.microseconds - progress.certified_at->microseconds) / microseconds_per_second;
    const std::int64_t allowed = allowed_age_seconds(limits, stream_options);
    const Instant due_at{progress.certified_at->microseconds + allowed * microseconds_per_second};
    if (age > allowed) report.findings.push_back(overdue(name, due_at, age, report.tail.caught_up_through.has_value()));
  }
  report.state = worst(report.findings);
  return report;
}

std::vector<std::string> Health::reasons_not_ready() const {
  const sync::SyncOptions limits = options();
  std::vector<std::string> reasons;
  if (!board_.database_ready()) reasons.emplace_back("the database is away or its schema is not current");
  const auto known = board_.streams();
  for (const StreamSpec* stream : all_streams()) {
    if (!options_of(limits, stream->name).enabled) continue;
    const auto place = known.find(stream->name);
    const bool certified = place != known.end() && place->second.certified_at.has_value();
    if (!certified) reasons.push_back("no complete snapshot of " + std::string{stream->name} + " yet");
  }
  return reasons;
}

}  // namespace mirror::http
