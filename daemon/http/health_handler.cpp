#include "http/health_handler.hpp"

#include <algorithm>
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

json report_json(const HealthReport& report, const std::string& environment) {
  json findings = json::array();
  for (const sync::Finding& finding : report.findings) findings.push_back(finding_json(finding));
  json streams = json::object();
  for (const auto& [name, progress] : report.streams) streams[name] = stream_json(progress);
  return {{"status", to_string(report.state)}, {"version", version()},
          {"environment", environment},        {"role", sync::to_string(report.role)},
          {"findings", std::move(findings)},   {"events", events_json(report)},
          {"streams", std::move(streams)}};
}

Response health_response(HealthReport::State state, const json& body) {
  return {state == HealthReport::State::failing ? 503 : 200, "application/json", to_text(body)};
}

/// Of one environment its report; of several the worst state, and each report by its name.
Response answer_health(const EnvironmentViews& asked) {
  HealthReport::State worst = HealthReport::State::ok;
  json reports = json::object();
  for (const EnvironmentView& each : asked) {
    const HealthReport report = each.health->report();
    worst = std::max(worst, report.state);
    reports[each.name] = report_json(report, each.name);
  }
  if (asked.size() == 1) return health_response(worst, reports[asked.front().name]);
  return health_response(worst, {{"status", to_string(worst)}, {"version", version()}, {"environments", reports}});
}

using Reasons = std::vector<std::string> (Health::*)() const;

std::vector<std::string> all_reasons(const EnvironmentViews& asked, Reasons reasons) {
  std::vector<std::string> all;
  for (const EnvironmentView& each : asked) {
    for (const std::string& reason : (each.health->*reasons)()) all.push_back(told_of(each, asked, reason));
  }
  return all;
}

}  // namespace

void add_health_routes(Routes& routes, const EnvironmentViews& environments) {
  const auto add = [&](const char* path, Response (*answer)(const EnvironmentViews&)) {
    routes[path] = {"GET", [environments, answer](const Request& request) {
                      const EnvironmentViews asked = asked_for(request, environments);
                      return asked.empty() ? no_such_environment(environments) : answer(asked);
                    }};
  };
  add("/livez", [](const EnvironmentViews& asked) {
    return yes_or_no("alive", "stalled", all_reasons(asked, &Health::stalled_loops));
  });
  add("/readyz", [](const EnvironmentViews& asked) {
    return yes_or_no("ready", "not ready", all_reasons(asked, &Health::reasons_not_ready));
  });
  add("/healthz", answer_health);
}

}  // namespace mirror::http
