#include "app/webhook_endpoints.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/operation_answers.hpp"
#include "model/event_types.hpp"

namespace mirror::app {

std::vector<std::string> followed_event_types(const Config& config) {
  std::vector<std::string> types;
  for (const auto& type : mirrored_event_types()) types.emplace_back(type.name);
  for (const auto& type : config.sync.events.also) {
    if (std::ranges::find(types, type) == types.end()) types.push_back(type);
  }
  return types;
}

WebhookEndpoints::WebhookEndpoints(const Config& config, Clock& clock, std::stop_token stop)
    : client_(api::make_api_client(config.api, clock)), identity_{config.api.key, false, ""}, stop_(std::move(stop)) {}

std::vector<nlohmann::ordered_json> WebhookEndpoints::list() {
  std::vector<Json> all;
  api::read_all(*client_, api::find_operation("webhook_endpoints.list"), Json::object(), identity_, stop_,
                [&](const Json& endpoint) {
                  all.push_back(endpoint);
                  return true;
                });
  return all;
}

nlohmann::ordered_json WebhookEndpoints::find(const char* key, const std::string& value) {
  const auto all = list();
  const auto found = std::ranges::find_if(all, [&](const Json& one) { return one.value(key, "") == value; });
  return found == all.end() ? Json() : *found;
}

nlohmann::ordered_json WebhookEndpoints::create(const std::string& url, const std::vector<std::string>& types) {
  return call("webhook_endpoints.create", {{"endpoint_url", url}, {"events", types}});
}

nlohmann::ordered_json WebhookEndpoints::update(const std::string& id, const std::vector<std::string>& types) {
  return call("webhook_endpoints.update", {{"id", id}, {"events", types}, {"status", "enabled"}});
}

void WebhookEndpoints::remove(const std::string& id) {
  (void)call("webhook_endpoints.delete", {{"id", id}});
}

nlohmann::ordered_json WebhookEndpoints::call(const char* operation, const Json& values) {
  identity_.idempotency_key = api::new_idempotency_key();
  return api::send_call(*client_, api::make_call(api::find_operation(operation), values, identity_), stop_);
}

}  // namespace mirror::app
