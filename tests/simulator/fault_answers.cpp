// Faults that answer instead of the API.

#include <algorithm>
#include <array>

#include "tests/simulator/api_failure.hpp"
#include "tests/simulator/fault_kind.hpp"
#include "tests/simulator/http_message.hpp"
#include "tests/simulator/store.hpp"

namespace mirror::simulator {
namespace {

Answer rate_limited(std::string retry_after) {
  Answer answer = json_answer(
      429,
      R"({"message":"Rate limit exceeded. See the WorkOS docs for more information.","code":"rate_limit_exceeded"})");
  if (!retry_after.empty()) answer.set_header("Retry-After", std::move(retry_after));
  return answer;
}

std::optional<Answer> retry_after_seconds(FaultTurn& turn) {
  return rate_limited(std::to_string(turn.fault.parameters.number("seconds", 1)));
}

std::optional<Answer> retry_after_date(FaultTurn& turn) {
  const std::int64_t seconds = turn.fault.parameters.number("seconds", 1);
  return rate_limited(http_date({turn.store.now().microseconds + seconds * microseconds_per_second}));
}

std::optional<Answer> no_retry_after(FaultTurn&) {
  return rate_limited("");
}

std::optional<Answer> absurd_retry_after(FaultTurn& turn) {
  return rate_limited(turn.fault.parameters.text("value", "99999999999999999999"));
}

std::optional<Answer> server_error(FaultTurn& turn) {
  constexpr std::array<int, 4> statuses{500, 502, 503, 504};
  const int status = static_cast<int>(turn.fault.parameters.number("status", statuses[turn.fault.fired % 4]));
  return json_answer(status, R"({"message":"Internal server error","code":"server_error"})");
}

std::optional<Answer> html_bad_gateway(FaultTurn&) {
  Answer answer = json_answer(502, "<html><head><title>502 Bad Gateway</title></head><body>cloud edge</body></html>");
  answer.set_header("Content-Type", "text/html");
  return answer;
}

std::optional<Answer> redirect(FaultTurn& turn) {
  Answer answer = json_answer(302, "");
  answer.set_header("Location", turn.fault.parameters.text("location", "http://127.0.0.1:9/elsewhere"));
  return answer;
}

std::optional<Answer> key_revoked(FaultTurn&) {
  return json_answer(401, R"({"message":"Unauthorized"})");
}

std::optional<Answer> forbidden(FaultTurn&) {
  return json_answer(403, R"({"message":"The API key does not have permission to access this resource."})");
}

std::optional<Answer> cursor_refused(FaultTurn& turn) {
  if (!turn.request.parameter("after") && !turn.request.parameter("before")) return std::nullopt;
  const int status = static_cast<int>(turn.fault.parameters.number("status", 422));
  return json_answer(status, R"({"message":"The cursor is invalid or has expired."})");
}

/// As of a type that WorkOS does not know.
std::optional<Answer> event_type_refused(FaultTurn& turn) {
  const std::string name = turn.fault.parameters.text("name", "user.updated");
  const auto names = split_commas(turn.request.parameter("events").value_or(""));
  if (std::ranges::find(names, name) == names.end()) return std::nullopt;
  return json_answer(
      400, R"({"message":"Invalid name parameter, received: ')" + name + R"('.","code":"invalid_events_request"})");
}

constexpr std::array kinds{
    FaultKind{.name = "429-seconds",
              .description = "429 with Retry-After in seconds (seconds=1)",
              .on_request = retry_after_seconds},
    FaultKind{.name = "429-date",
              .description = "429 with Retry-After as a date (seconds=1 from now)",
              .on_request = retry_after_date},
    FaultKind{.name = "429-bare", .description = "429 without Retry-After", .on_request = no_retry_after},
    FaultKind{.name = "429-absurd",
              .description = "429 with a Retry-After of ages (value)",
              .on_request = absurd_retry_after},
    FaultKind{.name = "5xx-storm",
              .description = "500, 502, 503, 504 in turn (status: always that one)",
              .default_count = 4,
              .on_request = server_error},
    FaultKind{.name = "html-502", .description = "a proxy's 502 page in HTML", .on_request = html_bad_gateway},
    FaultKind{.name = "redirect-away", .description = "302 to another host (location)", .on_request = redirect},
    FaultKind{.name = "401-midway",
              .description = "the key stops working; use skip to let some pages pass",
              .default_count = -1,
              .on_request = key_revoked},
    FaultKind{.name = "403-one-list",
              .description = "the key has no permission for the target",
              .default_count = -1,
              .on_request = forbidden},
    FaultKind{.name = "refused-cursor",
              .description = "a page with a cursor is refused (status=422)",
              .on_request = cursor_refused},
    FaultKind{.name = "refused-event-type",
              .description = "a type of events is refused as unknown (name=user.updated)",
              .default_count = -1,
              .on_request = event_type_refused},
};

}  // namespace

std::span<const FaultKind> answering_faults() {
  return kinds;
}

}  // namespace mirror::simulator
