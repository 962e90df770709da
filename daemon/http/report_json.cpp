#include "http/report_json.hpp"

#include <nlohmann/json.hpp>

namespace mirror::http {

using nlohmann::json;

std::string to_text(const json& value) {
  return value.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

json instant_or_null(const std::optional<Instant>& instant) {
  return instant ? json(to_string(*instant)) : json(nullptr);
}

json hold_json(const db::HoldRecord& hold) {
  return {{"id", hold.id},
          {"stream", hold.stream},
          {"cause", hold.cause},
          {"deletions", hold.deletions},
          {"cascades", hold.cascades},
          {"live_rows", hold.live_rows},
          {"reason", hold.reason},
          {"created_at", hold.created_at}};
}

json finding_json(const sync::Finding& finding) {
  return {{"code", finding.code},
          {"subject", finding.subject},
          {"severity", finding.severity == sync::Severity::failing ? "failing" : "degraded"},
          {"since", to_string(finding.since)},
          {"cause", finding.cause},
          {"next_step", finding.next_step}};
}

}  // namespace mirror::http
