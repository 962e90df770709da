// Faults in how an answer's bytes look and arrive.

#include <array>
#include <string>

#include "tests/simulator/fault_kind.hpp"
#include "tests/simulator/gzip.hpp"
#include "tests/simulator/store.hpp"

namespace mirror::simulator {
namespace {

bool is_success(const Answer& answer) {
  return answer.status >= 200 && answer.status < 300 && !answer.body.empty();
}

bool cut_body(FaultTurn& turn, Answer& answer) {
  if (!is_success(answer)) return false;
  answer.delivery.cut_after = answer.body.size() / 2;
  answer.delivery.cut_politely = turn.fault.parameters.flag("politely");
  return true;
}

bool truncate_json(FaultTurn&, Answer& answer) {
  if (!is_success(answer)) return false;
  answer.body.resize(answer.body.size() * 2 / 3);
  return true;
}

bool break_json(FaultTurn&, Answer& answer) {
  if (!is_success(answer)) return false;
  auto place = answer.body.find("\":", answer.body.size() / 2);
  if (place == std::string::npos) place = answer.body.find("\":");
  if (place == std::string::npos) return false;
  answer.body[place + 1] = '=';
  return true;
}

bool call_it_html(FaultTurn& turn, Answer& answer) {
  if (!is_success(answer)) return false;
  answer.set_header("Content-Type", "text/html; charset=utf-8");
  if (turn.fault.parameters.flag("html")) answer.body = "<html><body>Please sign in to the network.</body></html>";
  return true;
}

bool drip(FaultTurn& turn, Answer& answer) {
  if (!is_success(answer)) return false;
  answer.delivery.drip_bytes = static_cast<std::size_t>(turn.fault.parameters.number("bytes", 1));
  answer.delivery.drip_every = std::chrono::milliseconds{turn.fault.parameters.number("interval_ms", 100)};
  return true;
}

bool bomb(FaultTurn& turn, Answer& answer) {
  if (!is_success(answer)) return false;
  const auto size = static_cast<std::size_t>(turn.fault.parameters.number("megabytes", 256));
  answer.body = gzip_bomb(R"({"object":"list","data":[)", size << 20U);
  answer.set_header("Content-Encoding", "gzip");
  return true;
}

bool skew_date(FaultTurn& turn, Answer& answer) {
  if (turn.fault.parameters.text("scope", "date") == "all") return true;  // the clock itself was set
  const std::int64_t seconds = turn.fault.parameters.number("seconds", 3600);
  answer.set_header("Date", http_date({turn.store.now().microseconds + seconds * microseconds_per_second}));
  return true;
}

void skew_clock(ArmedFault& fault, Store& store, Random&) {
  if (fault.parameters.text("scope", "date") != "all") return;
  store.clock().advance(std::chrono::seconds{fault.parameters.number("seconds", 3600)});
}

constexpr std::array kinds{
    FaultKind{.name = "reset-mid-body",
              .description = "the connection is reset in the middle of the body (politely=true: ends with FIN)",
              .on_answer = cut_body},
    FaultKind{.name = "truncated-json",
              .description = "a complete HTTP answer whose JSON ends early",
              .on_answer = truncate_json},
    FaultKind{.name = "invalid-json", .description = "a syntax error in the middle", .on_answer = break_json},
    FaultKind{.name = "wrong-content-type",
              .description = "JSON called text/html (html=true: a real page of HTML)",
              .on_answer = call_it_html},
    FaultKind{.name = "slow-drip",
              .description = "the body comes a byte at a time (bytes=1, interval_ms=100)",
              .on_answer = drip},
    FaultKind{.name = "gzip-bomb",
              .description = "a small gzip body that grows without end (megabytes=256)",
              .on_answer = bomb},
    FaultKind{.name = "clock-skew",
              .description = "Date is wrong (seconds=3600; scope=all: the API's whole clock)",
              .default_count = -1,
              .on_answer = skew_date,
              .on_arm = skew_clock},
};

}  // namespace

std::span<const FaultKind> wire_faults() {
  return kinds;
}

}  // namespace mirror::simulator
