#include "http/health_handler.hpp"

#include <nlohmann/json.hpp>

#include "http/report_json.hpp"
#include "support/version.hpp"

namespace mirror::http {
namespace {

using nlohmann::json;

json events_json(const HealthReport& report) {
  return {{"caught_up_through", instant_or_null(report.tail.caught_up_through)},
          {"newest_event_at", instant_or_null(report.tail.newest_event_at)},
          {"received", report.events.received},
          {"deleted", report.events.deleted},
          {"held", report.events.held},
          {"parked", report.events.parked}};
}

json stream_json(const sync::StreamProgress& progress) {
  return {{"phase", progress.phase},
          {"pages", progress.pages},
          {"rows", progress.rows},
          {"expected_rows", progress.expected_rows},
          {"inserted", progress.inserted},
          {"changed", progress.changed},
          {"unchanged", progress.unchanged},
          {"stale", progress.stale},
          {"poisoned", progress.poisoned},
          {"candidates", progress.candidates},
          {"deleted", progress.deleted},
          {"held", progress.held},
          {"scopes_done", progress.scopes_done},
          {"scopes_total", progress.scopes_total},
          {"started_at", instant_or_null(progress.started_at)},
          {"finished_at", instant_or_null(progress.finished_at)},
          {"certified_at", instant_or_null(progress.certified_at)},
          {"certificate", progress.certificate}};
}

/// 200 with `good`, or 503 with what is missing.
Response yes_or_no(const char* good, const char* bad, const std::vector<std::string>& reasons) {
  const bool well = reasons.empty();
  return {well ? 200 : 503, "application/json", to_text({{"status", well ? good : bad}, {"reasons", reasons}})};
}

Response answer_health(const Health& health) {
  const HealthReport report = health.report();
  return {report.state == HealthReport::State::failing ? 503 : 200, "application/json", to_json(report)};
}

}  // namespace

std::string to_json(const HealthReport& report) {
  json findings = json::array();
  for (const sync::Finding& finding : report.findings) findings.push_back(finding_json(finding));
  json streams = json::object();
  for (const auto& [name, progress] : report.streams) streams[name] = stream_json(progress);
  return to_text({{"status", to_string(report.state)},
                  {"version", version()},
                  {"role", sync::to_string(report.role)},
                  {"findings", std::move(findings)},
                  {"events", events_json(report)},
                  {"streams", std::move(streams)}});
}

void add_health_routes(Routes& routes, const Health& health) {
  routes["/livez"] = {"GET",
                      [&health](const Request&) { return yes_or_no("alive", "stalled", health.stalled_loops()); }};
  routes["/readyz"] = {
      "GET", [&health](const Request&) { return yes_or_no("ready", "not ready", health.reasons_not_ready()); }};
  routes["/healthz"] = {"GET", [&health](const Request&) { return answer_health(health); }};
}

}  // namespace mirror::http
