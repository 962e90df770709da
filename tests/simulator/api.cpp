#include "tests/simulator/api.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/error.hpp"
#include "tests/simulator/api_failure.hpp"
#include "tests/simulator/gzip.hpp"

namespace mirror::simulator {
namespace {

std::vector<std::string> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    if (end > 0) segments.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return segments;
}

}  // namespace

std::optional<ResourcePath> resource_of(const std::vector<std::string>& path) {
  for (const Kind kind : all_kinds) {
    const auto own = segments_of(list_path(kind));
    if (path.size() < own.size() || !std::equal(own.begin(), own.end(), path.begin())) continue;
    return ResourcePath{kind, {path.begin() + static_cast<std::ptrdiff_t>(own.size()), path.end()}};
  }
  return std::nullopt;
}

Answer Api::answer(const Request& request) {
  world_.store.expire_due_invitations();
  Answer answer = decide(request);
  answer.delivery.delay = options_.latency;
  const bool packable = options_.gzip && request.header("accept-encoding").find("gzip") != std::string_view::npos;
  answer.set_header("Date", http_date(world_.clock.now()));
  answer.set_header("X-Request-ID", request_ids_.make("req_", world_.clock.now()));
  world_.faults.on_answer(request, answer);
  const bool is_packed =
      std::ranges::any_of(answer.headers, [](const auto& h) { return h.first == "Content-Encoding"; });
  if (packable && !is_packed && !answer.body.empty() && !answer.delivery.cut_after) {
    answer.body = gzip(answer.body);
    answer.set_header("Content-Encoding", "gzip");
  }
  world_.log.note(request, answer.status);
  return answer;
}

Answer Api::decide(const Request& request) {
  try {
    if (is_over_limit()) {
      Answer answer = json_answer(429, failure(429, "Rate limit exceeded. See the WorkOS docs.").body());
      if (options_.retry_after) answer.set_header("Retry-After", "1");
      return answer;
    }
    if (auto answer = world_.faults.on_request(request)) return std::move(*answer);
    // The body says who asks.
    const bool is_public = request.path == "/sso/token" || request.path == "/user_management/authorize/device" ||
                           request.path == "/user_management/authenticate";
    const bool has_key = request.header("authorization") == "Bearer " + options_.api_key;
    if (!is_public && !has_key) throw failure(401, "Unauthorized");
    return route(request);
  } catch (const ApiFailure& refusal) {
    return json_answer(refusal.status(), refusal.body());
  } catch (const nlohmann::json::exception&) {
    return json_answer(400, failure(400, "The body is not the JSON that this endpoint expects.").body());
  }
}

bool Api::is_over_limit() {
  if (options_.rate_limit == 0) return false;
  const auto now = std::chrono::steady_clock::now();
  if (now - window_start_ >= std::chrono::seconds{1}) {
    window_start_ = now;
    in_window_ = 0;
  }
  return ++in_window_ > options_.rate_limit;
}

Answer Api::route(const Request& request) {
  const Segments path = segments_of(request.path);
  if (auto answer = world_.sign_in.answer(world_.store, request, path, options_.api_key)) return std::move(*answer);
  if (auto answer = world_.endpoints.answer(world_.store, request, path)) return std::move(*answer);
  if (request.method == "GET") return read(request, path);
  return write(world_, request, path);
}

Answer Api::read(const Request& request, const Segments& path) {
  if (request.path == "/events") return list_events(request);
  if (path.size() == 2 && path[0] == "organization_domains") return read_domain(path[1]);
  const auto resource = resource_of(path);
  if (!resource || resource->rest.size() > 2) throw failure(404, "Not Found");
  if (resource->rest.empty()) {
    switch (resource->kind) {
      case Kind::organizations:
        return list_organizations(request);
      case Kind::users:
        return list_users(request);
      case Kind::organization_memberships:
        return list_memberships(request);
      case Kind::invitations:
        return list_invitations(request);
    }
  }
  const std::string& id = resource->rest.back();
  if (resource->rest.size() == 1) return single(resource->kind, world_.store.find(resource->kind, id), id);
  if (resource->rest[0] == "external_id" && resource->kind <= Kind::users) {
    return single(resource->kind, world_.store.lookup(resource->kind, "external_id", id), id);
  }
  throw failure(404, "Not Found");
}

Answer Api::read_domain(const std::string& id) {
  const Record* organization = world_.store.lookup(Kind::organizations, "domain_id", id);
  if (organization == nullptr) throw not_found("Organization domain", id);
  const Json object = Json::parse(organization->text);
  for (const auto& domain : object["domains"]) {
    if (domain["id"] == id) return json_answer(200, domain.dump());
  }
  throw not_found("Organization domain", id);
}

Answer Api::single(Kind kind, const Record* record, const std::string& id, int status) {
  if (record == nullptr) throw not_found(object_name(kind), id);
  if (record->spoiled) world_.faults.served(record->spoiled->fault);
  return json_answer(status, world_.store.listed(kind, *record));
}

}  // namespace mirror::simulator
