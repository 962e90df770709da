#include "app/mirror_status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "model/streams.hpp"

namespace mirror::app {
namespace {

using sync::Finding;
using sync::Severity;

sync::StreamOptions options_of(const sync::SyncOptions& options, std::string_view stream) {
  const auto place = options.streams.find(stream);
  return place == options.streams.end() ? sync::StreamOptions{} : place->second;
}

void add(MirrorStatus& status, std::string code, std::string subject, Severity severity, std::string cause,
         std::string next_step) {
  status.findings.push_back(
      {std::move(code), std::move(subject), severity, {}, std::move(cause), std::move(next_step)});
}

void judge_stream(MirrorStatus& status, const std::string& stream, const sync::SyncOptions& options) {
  const auto& streams = status.overview.streams;
  const auto known =
      std::find_if(streams.begin(), streams.end(), [&](const auto& each) { return each.stream == stream; });
  if (known != streams.end() && !known->error.empty()) {
    add(status, "stream_error", stream, Severity::degraded, known->error, known->next_step);
  }
  if (known == streams.end() || !known->seconds_since_certified) {
    add(status, "no_snapshot", stream, Severity::degraded, "no complete snapshot of " + stream + " yet",
        "run `authkit-mirror sync`, or wait for the daemon's first pass");
    return;
  }
  const sync::StreamOptions limits = options_of(options, stream);
  const double interval = static_cast<double>(limits.sweep_interval.count());
  const double allowed = interval * (1 + limits.sweep_jitter) + static_cast<double>(options.health_max_lag.count());
  if (*known->seconds_since_certified <= allowed) return;
  const bool follows_events = status.overview.tail && status.overview.tail->caught_up_through;
  add(status, "snapshot_overdue", stream, follows_events ? Severity::degraded : Severity::failing,
      fmt::format("the last complete snapshot of {} is {:.0f} s old, allowed are {:.0f} s", stream,
                  *known->seconds_since_certified, allowed),
      "look at the daemon's log; `authkit-mirror check` tests key, network and database");
}

void judge_tail(MirrorStatus& status, const sync::SyncOptions& options) {
  const auto& tail = status.overview.tail;
  if (!tail || !tail->seconds_since_poll) return;  // only `sync` was ever used
  if (*tail->seconds_since_poll <= static_cast<double>(options.health_max_lag.count())) return;
  add(status, "events_late", "", Severity::failing,
      fmt::format("events were last read to their end {:.0f} s ago", *tail->seconds_since_poll),
      tail->problem.empty() ? "start the daemon, or look at its log" : tail->problem);
}

void judge_lease(MirrorStatus& status, const sync::SyncOptions& options) {
  const auto& lease = status.overview.lease;
  if (!lease || lease->holder.empty()) {
    add(status, "no_writer", "", Severity::degraded, "no daemon keeps the mirror fresh",
        "start one: `systemctl start authkit-mirror`, or `authkit-mirror run`");
  } else if (lease->heartbeat_age_seconds > static_cast<double>(options.lease_ttl.count())) {
    add(status, "writer_silent", lease->holder, Severity::degraded,
        fmt::format("the daemon that writes has been silent for {:.0f} s", lease->heartbeat_age_seconds),
        "look at its log; another one takes over by itself");
  }
}

void add_daemon_findings(MirrorStatus& status) {
  const auto answer = nlohmann::json::parse(*status.daemon_health, nullptr, false);
  if (!answer.is_object() || !answer["findings"].is_array()) return;
  for (const auto& finding : answer["findings"]) {
    const std::string code = finding.value("code", "");
    const std::string subject = finding.value("subject", "");
    const bool known = std::any_of(status.findings.begin(), status.findings.end(),
                                   [&](const Finding& each) { return each.code == code && each.subject == subject; });
    if (known) continue;
    const bool failing = finding.value("severity", "") == "failing";
    add(status, code, subject, failing ? Severity::failing : Severity::degraded, finding.value("cause", ""),
        finding.value("next_step", ""));
  }
}

}  // namespace

MirrorStatus judge_mirror(db::MirrorOverview overview, const sync::SyncOptions& options,
                          std::optional<std::string> daemon_health) {
  MirrorStatus status;
  status.overview = std::move(overview);
  status.daemon_health = std::move(daemon_health);
  for (const StreamSpec* stream : all_streams()) {
    if (options_of(options, stream->name).enabled) judge_stream(status, std::string{stream->name}, options);
  }
  judge_tail(status, options);
  judge_lease(status, options);
  for (const db::HoldRecord& hold : status.overview.holds) {
    add(status, "hold", hold.stream, Severity::degraded, fmt::format("hold {}: {}", hold.id, hold.reason),
        fmt::format("`authkit-mirror approve {}` or `authkit-mirror discard {}`", hold.id, hold.id));
  }
  for (const auto& [table, count] : status.overview.quarantine) {
    add(status, "quarantine", table, Severity::degraded,
        fmt::format("{} objects of {} could not be stored", count, table),
        "the table quarantine says why; they are tried again at each sweep");
  }
  if (status.overview.quarantined_events > 0) {
    add(status, "quarantine", "events", Severity::degraded,
        fmt::format("{} events could not be applied", status.overview.quarantined_events),
        "`authkit-mirror events list --quarantined` says why; `authkit-mirror events retry` tries them again");
  }
  if (status.daemon_health) add_daemon_findings(status);
  for (const Finding& finding : status.findings) {
    const bool failing = finding.severity == Severity::failing;
    status.state =
        std::max(status.state, failing ? http::HealthReport::State::failing : http::HealthReport::State::degraded);
  }
  return status;
}

}  // namespace mirror::app
