// What an environment tells of itself: events, and the webhooks that carry them.
#include "api/operation_tables.hpp"

namespace mirror::api {
namespace {

constexpr Parameter endpoint = path_id("the webhook endpoint");
constexpr Parameter url = in_body("endpoint_url", "https address that takes the webhooks");
constexpr Parameter types = in_body("events", "types of event to send", ValueType::texts);

}  // namespace

std::vector<Operation> environment_operations() {
  return {
      by_key("events.list", "GET /events", "List events, the oldest first",
             with_pages({required(in_query("events", "their types", ValueType::texts)),
                         in_query("range_start", "created after this instant"),
                         in_query("range_end", "created before this instant"),
                         in_query("organization_id", "of this organization; leaves out users' events")}),
             "events=user.created,user.updated range_start=2026-03-01T00:00:00Z order=asc",
             {{ParameterRule::Kind::at_most_one, {"after", "range_start"}}}),
      by_key("webhook_endpoints.list", "GET /webhook_endpoints", "List webhook endpoints", with_pages({}), ""),
      by_key("webhook_endpoints.create", "POST /webhook_endpoints",
             "Create a webhook endpoint; the answer holds its secret", {required(url), required(types)},
             "endpoint_url=https://mirror.example/webhooks/workos events=user.created,user.updated"),
      by_key("webhook_endpoints.update", "PATCH /webhook_endpoints/{id}",
             "Change a webhook endpoint; what is not given stays",
             {endpoint, url, types, one_of(in_body("status", "whether it is sent to"), "enabled,disabled")},
             "id=we_01J status=disabled"),
      by_key("webhook_endpoints.delete", "DELETE /webhook_endpoints/{id}", "Delete a webhook endpoint", {endpoint},
             "id=we_01J"),
  };
}

}  // namespace mirror::api
