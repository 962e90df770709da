#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/mirror_status.hpp"
#include "app/text_table.hpp"
#include "http/report_json.hpp"

namespace mirror::app {
namespace {

using nlohmann::json;

std::string count(std::int64_t number) {
  return grouped(static_cast<unsigned long long>(number));
}

const char* severity_name(const sync::Finding& finding) {
  return finding.severity == sync::Severity::failing ? "failing" : "degraded";
}

/// "organization_memberships: cause", or the cause alone.
std::string described(const sync::Finding& finding) {
  const bool named = finding.subject.empty() || finding.cause.find(finding.subject) != std::string::npos;
  return named ? finding.cause : finding.subject + ": " + finding.cause;
}

json stream_json(const db::StreamOverview& stream) {
  return {{"stream", stream.stream},
          {"state", stream.state},
          {"certified_at", stream.certified_at.empty() ? json(nullptr) : json(stream.certified_at)},
          {"seconds_since_certified",
           stream.seconds_since_certified ? json(*stream.seconds_since_certified) : json(nullptr)},
          {"error", stream.error},
          {"snapshot", stream.snapshot_state},
          {"reason", stream.snapshot_reason},
          {"rows", stream.rows},
          {"inserted", stream.inserted},
          {"changed", stream.changed},
          {"unchanged", stream.unchanged},
          {"poisoned", stream.poisoned},
          {"deleted", stream.deleted},
          {"held", stream.held}};
}

json lease_json(const std::optional<db::LeaseState>& lease) {
  if (!lease) return nullptr;
  return {{"holder", lease->holder},
          {"version", lease->version},
          {"token", lease->token},
          {"feed_seq", lease->feed_seq},
          {"heartbeat_age_seconds", lease->heartbeat_age_seconds}};
}

std::string writer_line(const MirrorStatus& status) {
  const auto& lease = status.overview.lease;
  if (!lease || lease->holder.empty()) return "nobody";
  return fmt::format("{} (version {}, last sign of life {} ago)", lease->holder, lease->version,
                     short_time(lease->heartbeat_age_seconds));
}

std::string tail_line(const std::optional<db::TailRecord>& tail) {
  if (!tail || !tail->seconds_since_poll) return "not followed yet";
  return fmt::format("followed until {} ago{}", short_time(*tail->seconds_since_poll),
                     tail->problem.empty() ? "" : " (" + tail->problem + ")");
}

json tail_json(const std::optional<db::TailRecord>& tail) {
  if (!tail) return nullptr;
  return {{"caught_up_through", tail->caught_up_through ? json(to_string(*tail->caught_up_through)) : json(nullptr)},
          {"seconds_since_poll", tail->seconds_since_poll ? json(*tail->seconds_since_poll) : json(nullptr)},
          {"problem", tail->problem}};
}

std::string table_of(const MirrorStatus& status) {
  TextTable table(
      {"STREAM", "STATE", "CERTIFIED", "ROWS", "INSERTED", "CHANGED", "UNCHANGED", "DELETED", "HELD", "LAST PASS"});
  for (const db::StreamOverview& stream : status.overview.streams) {
    const std::string age =
        stream.seconds_since_certified ? short_time(*stream.seconds_since_certified) + " ago" : "never";
    table.add({stream.stream, stream.state, age, count(stream.rows), count(stream.inserted), count(stream.changed),
               count(stream.unchanged), count(stream.deleted), count(stream.held), stream.snapshot_state});
  }
  std::string text = status.overview.streams.empty() ? "nothing has been mirrored yet\n" : table.text();
  text += "\nevents: " + tail_line(status.overview.tail) + "\n";
  text += "writer: " + writer_line(status) + "\n";
  text += fmt::format("daemon: {}\n", status.daemon_health ? "answers" : "does not answer");
  text += fmt::format("health: {}\n", http::to_string(status.state));
  for (const sync::Finding& finding : status.findings) {
    text += fmt::format("  {}  {}\n", severity_name(finding), described(finding));
    if (!finding.next_step.empty()) text += fmt::format("            next: {}\n", finding.next_step);
  }
  return text;
}

json json_of(const EnvironmentStatus& each) {
  const MirrorStatus& status = each.status;
  json streams = json::array();
  for (const db::StreamOverview& stream : status.overview.streams) streams.push_back(stream_json(stream));
  json holds = json::array();
  for (const db::HoldRecord& hold : status.overview.holds) holds.push_back(http::hold_json(hold));
  json findings = json::array();
  for (const sync::Finding& finding : status.findings) {
    findings.push_back({{"code", finding.code},
                        {"subject", finding.subject},
                        {"severity", severity_name(finding)},
                        {"cause", finding.cause},
                        {"next_step", finding.next_step}});
  }
  return {{"status", http::to_string(status.state)},
          {"environment", each.environment},
          {"streams", streams},
          {"holds", holds},
          {"quarantine", status.overview.quarantine},
          {"quarantined_events", status.overview.quarantined_events},
          {"events", tail_json(status.overview.tail)},
          {"lease", lease_json(status.overview.lease)},
          {"findings", findings},
          {"daemon", status.daemon_health ? json::parse(*status.daemon_health) : json(nullptr)}};
}

/// The values that a monitoring draws; `prefix` tells environments apart.
std::string performance(const MirrorStatus& status, const std::string& prefix) {
  std::string values;
  for (const db::StreamOverview& stream : status.overview.streams) {
    const std::string name = prefix + stream.stream;
    // Without a certificate there is no age: 0 would be drawn as the freshest.
    if (stream.seconds_since_certified) values += fmt::format(" {}_age={:.0f}s", name, *stream.seconds_since_certified);
    values += fmt::format(" {}_rows={}", name, stream.rows);
  }
  return values;
}

}  // namespace

http::HealthReport::State worst_state(const std::vector<EnvironmentStatus>& all) {
  return std::ranges::max(all, {}, [](const EnvironmentStatus& each) { return each.status.state; }).status.state;
}

std::string to_table(const std::vector<EnvironmentStatus>& all) {
  if (all.size() == 1) return table_of(all.front().status);
  std::string text;
  for (const auto& [environment, status] : all) {
    text += fmt::format("{}{}\n{}", text.empty() ? "" : "\n", environment, table_of(status));
  }
  return text;
}

std::string to_json(const std::vector<EnvironmentStatus>& all) {
  json answer = json_of(all.front());
  if (all.size() > 1) {
    json environments = json::object();
    for (const EnvironmentStatus& each : all) environments[each.environment] = json_of(each);
    answer = {{"status", http::to_string(worst_state(all))}, {"environments", environments}};
  }
  return answer.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string to_nagios(const std::vector<EnvironmentStatus>& all) {
  using State = http::HealthReport::State;
  const State state = worst_state(all);
  const char* const word = state == State::ok ? "OK" : state == State::degraded ? "WARNING" : "CRITICAL";
  std::string first = "all streams certified";
  std::size_t findings = 0;
  std::string values;
  for (const auto& [environment, status] : all) {
    const std::string name = all.size() == 1 ? "" : environment;
    values += performance(status, name.empty() ? "" : name + "_");
    // The line begins with what is worst.
    const bool is_first = status.state == state && !status.findings.empty() && first == "all streams certified";
    if (is_first) first = (name.empty() ? "" : name + ": ") + described(status.findings.front());
    findings += status.findings.size();
  }
  std::string line = fmt::format("AUTHKIT-MIRROR {} - {}", word, first);
  if (findings > 1) line += fmt::format(" (and {} more)", findings - 1);
  return line + (values.empty() ? "" : " |" + values) + "\n";
}

}  // namespace mirror::app
