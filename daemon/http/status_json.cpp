#include "http/status_json.hpp"

#include <chrono>
#include <nlohmann/json.hpp>
#include <numeric>

#include "http/report_json.hpp"
#include "support/version.hpp"

namespace mirror::http {
namespace {

using nlohmann::json;

json seconds_or_null(const std::optional<double>& seconds) {
  return seconds ? json(*seconds) : json(nullptr);
}

double in_seconds(Clock::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

json events_json(const sync::StatusBoard& board, const HealthReport& report, Clock::TimePoint now) {
  const auto poll_age = board.poll_age();
  const sync::EventCounts& counts = report.events;
  return {{"poll_age_seconds", poll_age ? json(in_seconds(*poll_age)) : json(nullptr)},
          {"max_lag_seconds", report.max_lag.count()},
          {"caught_up_through", instant_or_null(report.tail.caught_up_through)},
          {"received", counts.received},
          {"results",
           {{"written", counts.written},
            {"unchanged", counts.unchanged},
            {"stale", counts.stale},
            {"doubtful", counts.doubtful},
            {"deleted", counts.deleted},
            {"held", counts.held},
            {"archived", counts.archived},
            {"parked", counts.parked}}},
          {"last_hour", board.event_history().last_hour(now)}};
}

/// Samples with a label become an object by the label's value.
json counters_json(const std::vector<Sample>& samples) {
  json counters = json::object();
  for (const Sample& sample : samples) {
    json& place = counters[sample.name];
    if (sample.labels.empty()) {
      place = sample.value;
    } else {
      place[sample.labels.front().second] = sample.value;
    }
  }
  return counters;
}

double average_milliseconds(const sync::CommitTimes& commits) {
  const auto count = std::accumulate(commits.counts.begin(), commits.counts.end(), std::uint64_t{0});
  return count == 0 ? 0 : commits.sum_seconds * 1000 / static_cast<double>(count);
}

json snapshot_json(const db::SnapshotOverview& snapshot) {
  return {{"id", snapshot.id},
          {"stream", snapshot.stream},
          {"state", snapshot.state},
          {"reason", snapshot.reason},
          {"begun_at", instant_or_null(snapshot.begun_at)},
          {"finished_at", instant_or_null(snapshot.finished_at)},
          {"pages", snapshot.counts.pages},
          {"rows", snapshot.counts.rows},
          {"inserted", snapshot.counts.inserted},
          {"changed", snapshot.counts.changed},
          {"unchanged", snapshot.counts.unchanged},
          {"poisoned", snapshot.counts.poisoned},
          {"deleted", snapshot.counts.deleted},
          {"held", snapshot.counts.held},
          {"first_id", snapshot.first_id},
          {"last_id", snapshot.last_id}};
}

json holds_json(const db::MirrorOverview& overview) {
  json holds = json::array();
  for (const db::HoldRecord& hold : overview.holds) {
    const auto ids = overview.held_ids.find(hold.id);
    json shown = hold_json(hold);
    shown["ids"] = ids == overview.held_ids.end() ? json::array() : json(ids->second);
    holds.push_back(std::move(shown));
  }
  return holds;
}

json quarantine_json(const db::MirrorOverview& overview) {
  json examples = json::array();
  for (const db::ParkedOverview& parked : overview.parked) {
    examples.push_back({{"table", parked.table},
                        {"id", parked.id},
                        {"error", parked.error},
                        {"since", instant_or_null(parked.since)}});
  }
  return {{"objects", overview.quarantine}, {"events", overview.quarantined_events}, {"examples", std::move(examples)}};
}

json drift_json(const db::MirrorOverview& overview) {
  json all = json::array();
  for (const db::DriftCount& drift : overview.drift) {
    all.push_back(
        {{"table", drift.table}, {"cause", drift.cause}, {"rows", drift.rows}, {"example_id", drift.example_id}});
  }
  return all;
}

json lease_json(const std::optional<db::LeaseState>& lease) {
  if (!lease) return nullptr;
  return {{"holder", lease->holder},
          {"token", lease->token},
          {"version", lease->version},
          {"heartbeat_age_seconds", lease->heartbeat_age_seconds}};
}

/// A stream as the daemon walks it, with its last certificate as the database tells it.
class StreamWriter {
 public:
  StreamWriter(const sync::StatusBoard& board, const db::MirrorOverview& overview, Clock::Duration overview_age,
               const Clock& clock)
      : history_(board.history()),
        overview_(overview),
        overview_age_(overview_age),
        now_(clock.now()),
        wall_(clock.wall()) {}

  [[nodiscard]] json write(const std::string& name, const sync::StreamProgress& progress) const {
    const auto history = history_.find(name);
    const sync::StreamHistory hour = history == history_.end() ? sync::StreamHistory{} : history->second;
    return {{"name", name},
            {"phase", progress.phase},
            {"rows", progress.rows},
            {"expected_rows", progress.expected_rows},
            {"scopes_done", progress.scopes_done},
            {"scopes_total", progress.scopes_total},
            {"inserted", progress.inserted},
            {"changed", progress.changed},
            {"deleted", progress.deleted},
            {"held", progress.held},
            {"certified_seconds_ago", seconds_or_null(certificate_age(name, progress))},
            {"certified_rows", certified_rows(name)},
            {"last_hour", {{"rows", hour.rows.last_hour(now_)}, {"changes", hour.changes.last_hour(now_)}}}};
  }

 private:
  /// By the database's clock; by the host's for a certificate that is newer than what the database last said.
  [[nodiscard]] std::optional<double> certificate_age(const std::string& name,
                                                      const sync::StreamProgress& progress) const {
    for (const db::StreamOverview& stream : overview_.streams) {
      if (stream.stream != name || !stream.seconds_since_certified) continue;
      return *stream.seconds_since_certified + in_seconds(overview_age_);
    }
    if (!progress.certified_at) return std::nullopt;
    const auto microseconds = wall_.microseconds - progress.certified_at->microseconds;
    return static_cast<double>(microseconds) / static_cast<double>(microseconds_per_second);
  }

  [[nodiscard]] json certified_rows(const std::string& name) const {
    for (const db::SnapshotOverview& snapshot : overview_.snapshots) {
      if (snapshot.stream == name && snapshot.state == "certified") return snapshot.counts.rows;
    }
    return nullptr;
  }

  const std::map<std::string, sync::StreamHistory, std::less<>> history_;
  const db::MirrorOverview& overview_;
  const Clock::Duration overview_age_;
  const Clock::TimePoint now_;
  const Instant wall_;
};

json environments_json(const EnvironmentViews& all) {
  json environments = json::array();
  for (const EnvironmentView& each : all) {
    environments.push_back({{"name", each.name}, {"state", to_string(each.health->report().state)}});
  }
  return environments;
}

}  // namespace

std::string status_json(const EnvironmentView& shown, const EnvironmentViews& all, const Clock& clock) {
  const sync::StatusBoard& board = *shown.board;
  const HealthReport report = shown.health->report();
  const Clock::TimePoint now = clock.now();
  const auto reading = board.overview();
  const db::MirrorOverview overview = reading ? reading->overview : db::MirrorOverview{};
  const Clock::Duration overview_age = reading ? now - reading->read_at : Clock::Duration{};

  json findings = json::array();
  for (const sync::Finding& finding : report.findings) findings.push_back(finding_json(finding));
  json streams = json::array();
  const StreamWriter writer(board, overview, overview_age, clock);
  for (const auto& [name, progress] : report.streams) streams.push_back(writer.write(name, progress));
  json snapshots = json::array();
  for (const db::SnapshotOverview& snapshot : overview.snapshots) snapshots.push_back(snapshot_json(snapshot));

  const json status{{"version", version()},
                    {"environment", shown.name},
                    {"environments", environments_json(all)},
                    {"now", to_string(clock.wall())},
                    {"role", sync::to_string(report.role)},
                    {"state", to_string(report.state)},
                    {"database_seconds_ago", reading ? json(in_seconds(overview_age)) : json(nullptr)},
                    {"findings", std::move(findings)},
                    {"streams", std::move(streams)},
                    {"snapshots", std::move(snapshots)},
                    {"holds", holds_json(overview)},
                    {"events", events_json(board, report, now)},
                    {"quarantine", quarantine_json(overview)},
                    {"drift", drift_json(overview)},
                    {"lease", lease_json(overview.lease)},
                    {"commit_milliseconds", average_milliseconds(board.commits())},
                    {"counters", counters_json(shown.samples ? shown.samples() : std::vector<Sample>{})}};
  return status.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace mirror::http
