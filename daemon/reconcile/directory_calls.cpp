#include "reconcile/directory_calls.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/api_client.hpp"
#include "api/api_error.hpp"
#include "api/operation_call.hpp"
#include "reconcile/text_form.hpp"
#include "support/error.hpp"

namespace mirror::reconcile {
namespace {

using nlohmann::json;

constexpr api::Lane lane = api::Lane::sweep;
/// Lists about one address or one membership are short; more pages than that have another cause.
constexpr int most_pages = 100;

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string slug_of(const json& role) {
  return role.is_object() ? text_of(role, "slug") : "";
}

std::string roles_of(const json& object) {
  std::vector<std::string> roles;
  for (const json& role : object.value("roles", json::array())) roles.push_back(slug_of(role));
  if (roles.empty() && object.contains("role")) roles.push_back(slug_of(object["role"]));
  if (roles.empty() && !text_of(object, "role_slug").empty()) roles.push_back(text_of(object, "role_slug"));
  std::erase(roles, "");
  return joined_roles(roles);
}

LiveObject object_of(const json& from, const std::string& request_id) {
  LiveObject object{text_of(from, "id"), {}, text_of(from, "updated_at"), request_id};
  for (const char* key :
       {"email", "external_id", "first_name", "last_name", "status", "state", "user_id", "organization_id"}) {
    object.fields[key] = text_of(from, key);
  }
  object.fields["roles"] = roles_of(from);
  return object;
}

api::ApiCall call_of(const char* operation, const json& values, const std::string& idempotency_key = {}) {
  return api::make_call(api::find_operation(operation), api::OperationValues(values), {{}, false, idempotency_key});
}

const char* reading_operation(std::string_view table) {
  if (table == "users") return "users.get";
  return table == "invitations" ? "invitations.get" : "memberships.get";
}

/// What an action says to the API.
std::pair<const char*, json> request_of(const Action& action, const std::string& user_id) {
  const auto with_roles = [&](json values) {
    const auto found = action.after.find("roles");
    if (found == action.after.end() || found->second.empty()) return values;
    const auto roles = split_roles(found->second);
    if (roles.size() == 1) values["role_slug"] = roles.front();
    if (roles.size() > 1) values["role_slugs"] = roles;
    return values;
  };
  json values = json::object();
  if (!action.id.empty()) values["id"] = action.id;
  switch (action.kind) {
    case ActionKind::create_user:
    case ActionKind::update_user:
      for (const auto& [name, value] : action.after) values[name] = value;
      return {action.kind == ActionKind::create_user ? "users.create" : "users.update", values};
    case ActionKind::add_membership:
      return {"memberships.create", with_roles({{"user_id", user_id}, {"organization_id", action.organization_id}})};
    case ActionKind::reactivate_membership:
      return {"memberships.reactivate", values};
    case ActionKind::change_role:
      return {"memberships.update", with_roles(values)};
    case ActionKind::revoke_invitation:
      return {"invitations.revoke", values};
    case ActionKind::send_invitation:
      values["email"] = action.after.at("email");
      if (!action.organization_id.empty()) values["organization_id"] = action.organization_id;
      return {"invitations.create", with_roles(values)};
    case ActionKind::deactivate_membership:
      return {"memberships.deactivate", values};
    case ActionKind::remove_membership:
      return {"memberships.delete", values};
  }
  throw Error(Fault::bug, "an action of no kind");
}

json parse_body(const api::ApiAnswer& answer) {
  json body = json::parse(answer.body, nullptr, false);
  if (!body.is_object()) throw api::InvalidBody("the answer is not a JSON object");
  return body;
}

/// The API's word that there is no such object; another 404 is none.
bool is_not_found(const api::ApiError& error) {
  return error.status() == 404 && error.from_workos();
}

}  // namespace

std::optional<LiveObject> DirectoryCalls::get(std::string_view table, const std::string& id) const {
  std::optional<LiveObject> object;
  try {
    client_->send(call_of(reading_operation(table), {{"id", id}}), lane, stop_,
                  [&](const api::ApiAnswer& answer) { object = object_of(parse_body(answer), answer.request_id); });
  } catch (const api::ApiError& error) {
    if (!is_not_found(error)) throw;
    return std::nullopt;
  }
  if (object->id != id) throw Error(Fault::unavailable, "a read of " + id + " was answered with another object");
  return object;
}

std::optional<LiveObject> DirectoryCalls::user_by_external_id(const std::string& external_id) const {
  std::optional<LiveObject> object;
  try {
    client_->send(call_of("users.get_by_external_id", {{"external_id", external_id}}), lane, stop_,
                  [&](const api::ApiAnswer& answer) { object = object_of(parse_body(answer), answer.request_id); });
  } catch (const api::ApiError& error) {
    if (!is_not_found(error)) throw;
  }
  return object;
}

std::vector<json> DirectoryCalls::list(const char* operation, const json& values) const {
  std::vector<json> items;
  json asked = values;
  asked["limit"] = 100;
  asked["order"] = "asc";
  for (int page = 0; page < most_pages; ++page) {
    std::string after;
    std::vector<json> listed;
    client_->send(call_of(operation, asked), lane, stop_, [&](const api::ApiAnswer& answer) {
      const json body = parse_body(answer);
      if (!body.contains("data") || !body["data"].is_array()) throw api::InvalidBody("the answer is not a list");
      listed.assign(body["data"].begin(), body["data"].end());
      after = text_of(body.value("list_metadata", json::object()), "after");
    });
    std::ranges::move(listed, std::back_inserter(items));
    if (after.empty()) return items;
    asked["after"] = after;
  }
  throw Error(Fault::unavailable, std::string(operation) + " has no end",
              "the API seems to ignore a filter or a cursor; try later");
}

std::optional<LiveObject> DirectoryCalls::user_by_email(const std::string& email) const {
  for (const json& user : list("users.list", {{"email", email}})) {
    if (folded(text_of(user, "email")) == folded(email)) return object_of(user, "");
  }
  return std::nullopt;
}

std::optional<LiveObject> DirectoryCalls::membership(const std::string& user_id,
                                                     const std::string& organization_id) const {
  const json filter{{"user_id", user_id},
                    {"organization_id", organization_id},
                    {"statuses", json::array({"active", "inactive", "pending"})}};
  for (const json& membership : list("memberships.list", filter)) {
    if (text_of(membership, "user_id") != user_id) continue;
    if (text_of(membership, "organization_id") == organization_id) return object_of(membership, "");
  }
  return std::nullopt;
}

std::vector<LiveObject> DirectoryCalls::open_invitations(const std::string& email,
                                                         const std::string& organization_id) const {
  json filter{{"email", email}};
  if (!organization_id.empty()) filter["organization_id"] = organization_id;
  std::vector<LiveObject> open;
  for (const json& invitation : list("invitations.list", filter)) {
    if (folded(text_of(invitation, "email")) != folded(email)) continue;
    if (text_of(invitation, "organization_id") != organization_id) continue;
    if (text_of(invitation, "state") == "pending") open.push_back(object_of(invitation, ""));
  }
  return open;
}

LiveObject DirectoryCalls::send(const Action& action, const std::string& user_id,
                                const std::string& idempotency_key) const {
  const auto [operation, values] = request_of(action, user_id);
  api::ApiCall call = call_of(operation, values, idempotency_key);
  // Whether a create was carried out is looked up before it is sent again.
  if (call.method == "POST") call.is_repeatable = false;
  LiveObject object;
  client_->send(call, lane, stop_, [&](const api::ApiAnswer& answer) {
    object.request_id = answer.request_id;
    if (action.kind != ActionKind::remove_membership) object = object_of(parse_body(answer), answer.request_id);
  });
  return object;
}

}  // namespace mirror::reconcile
