#include "tests/simulator/endpoint_list.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/simulator/api_failure.hpp"
#include "tests/simulator/objects.hpp"

namespace mirror::simulator {

std::optional<Answer> EndpointList::answer(Store& store, const Request& request, const std::vector<std::string>& path) {
  if (path.empty() || path[0] != "webhook_endpoints" || path.size() > 2) return std::nullopt;
  const auto body = [&] { return request.body.empty() ? Json::object() : Json::parse(request.body); };
  const bool is_single = path.size() == 2;
  if (!is_single && request.method == "GET") return list();
  if (!is_single && request.method == "POST") return create(store, body());
  if (is_single && request.method == "PATCH") return update(store, path[1], body());
  if (is_single && request.method == "DELETE") return remove(path[1]);
  throw failure(404, "Not Found");
}

/// Environments have few: one page, whatever was asked for.
Answer EndpointList::list() const {
  Json data = Json::array();
  for (const auto& [id, text] : endpoints_) data.push_back(Json::parse(text));
  return json_answer(
      200,
      Json{{"object", "list"}, {"data", data}, {"list_metadata", {{"before", nullptr}, {"after", nullptr}}}}.dump());
}

Answer EndpointList::create(Store& store, const Json& body) {
  if (!body.contains("endpoint_url") || !body.contains("events")) {
    throw failure(422, "Validation failed.", "invalid_request_parameters");
  }
  require_usable(body, "");
  const std::string id = store.ids().make("we_", store.now());
  endpoints_[id] = Json{{"object", "webhook_endpoint"},
                        {"id", id},
                        {"endpoint_url", body["endpoint_url"]},
                        {"secret", "whsec_" + id},
                        {"status", "enabled"},
                        {"events", body["events"]},
                        {"created_at", timestamp(store.now())},
                        {"updated_at", timestamp(store.now())}}
                       .dump();
  return json_answer(201, endpoints_[id]);
}

Answer EndpointList::update(Store& store, const std::string& id, const Json& body) {
  require_known(id);
  require_usable(body, id);
  Json endpoint = Json::parse(endpoints_[id]);
  for (const char* key : {"endpoint_url", "status", "events"}) {
    if (body.contains(key)) endpoint[key] = body[key];
  }
  endpoint["updated_at"] = timestamp(store.now());
  endpoints_[id] = endpoint.dump();
  return json_answer(200, endpoints_[id]);
}

Answer EndpointList::remove(const std::string& id) {
  require_known(id);
  endpoints_.erase(id);
  Answer gone;
  gone.status = 204;
  return gone;
}

void EndpointList::require_known(const std::string& id) const {
  if (!endpoints_.contains(id)) throw failure(404, "Webhook endpoint not found: '" + id + "'.", "entity_not_found");
}

void EndpointList::require_usable(const Json& body, const std::string& own_id) const {
  if (!body.contains("endpoint_url")) return;
  const std::string url = text_of(body, "endpoint_url");
  if (!url.starts_with("https://")) throw failure(422, "The address has to be https.", "invalid_url");
  const bool is_taken = std::ranges::any_of(endpoints_, [&](const auto& entry) {
    return entry.first != own_id && text_of(Json::parse(entry.second), "endpoint_url") == url;
  });
  if (is_taken) throw failure(409, "An endpoint with this address exists.", "duplicate_endpoint");
}

}  // namespace mirror::simulator
