#include "tests/simulator/webhook_control.hpp"

#include <nlohmann/json.hpp>

namespace mirror::simulator {
namespace {

using Json = nlohmann::json;

std::chrono::milliseconds duration_of(const Json& wanted, const char* name, std::chrono::milliseconds otherwise) {
  return std::chrono::milliseconds{wanted.value(name, otherwise.count())};
}

WebhookOptions read_options(const Json& wanted) {
  WebhookOptions options;
  options.url = wanted.at("url");
  options.secret = wanted.value("secret", options.secret);
  options.senders = wanted.value("senders", options.senders);
  options.drop = wanted.value("drop", options.drop);
  options.duplicate = wanted.value("duplicate", options.duplicate);
  options.wrong_signature = wanted.value("wrong_signature", options.wrong_signature);
  options.stale = wanted.value("stale", options.stale);
  options.delay = duration_of(wanted, "delay_ms", options.delay);
  options.reorder = duration_of(wanted, "reorder_ms", options.reorder);
  options.retries = wanted.value("retries", options.retries);
  options.backoff = duration_of(wanted, "backoff_ms", options.backoff);
  options.timeout = duration_of(wanted, "timeout_ms", options.timeout);
  options.seed = wanted.value("seed", options.seed);
  return options;
}

Answer show(const WebhookSender& sender) {
  const WebhookCounters counters = sender.counters();
  Json refused = Json::object();
  for (const auto& [status, count] : counters.refused) refused[std::to_string(status)] = count;
  return json_answer(200, Json{{"url", sender.options().url},
                               {"events", counters.events},
                               {"dropped", counters.dropped},
                               {"duplicated", counters.duplicated},
                               {"wrong_signatures", counters.wrong_signatures},
                               {"stale", counters.stale},
                               {"sent", counters.sent},
                               {"delivered", counters.delivered},
                               {"unanswered", counters.unanswered},
                               {"refused", std::move(refused)},
                               {"given_up", counters.given_up},
                               {"waiting", counters.waiting}}
                              .dump());
}

}  // namespace

Answer control_webhooks(WebhookSender& sender, const Request& request) {
  try {
    if (request.method == "POST") sender.configure(read_options(Json::parse(request.body)));
    if (request.method == "DELETE") sender.configure({});
    return show(sender);
  } catch (const std::exception& error) {  // a wrong order of a test: say so
    return json_answer(400, Json{{"message", error.what()}}.dump());
  }
}

}  // namespace mirror::simulator
