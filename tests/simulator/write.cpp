#include "tests/simulator/write.hpp"

#include <nlohmann/json.hpp>

#include "tests/simulator/api_failure.hpp"
#include "tests/simulator/objects.hpp"

namespace mirror::simulator {

Write::Write(World& world, std::string method, const Json& body)
    : store_(world.store), method_(std::move(method)), body_(body) {
  if (!body_.is_object()) throw failure(400, "The body must be a JSON object.");
}

Answer Write::on_resource(const ResourcePath& resource) {
  const Kind kind = resource.kind;
  if (resource.rest.empty() && method_ == "POST") return create(kind);
  if (resource.rest.empty()) throw failure(404, "Not Found");
  const std::string& id = resource.rest[0];
  if (store_.find(kind, id) == nullptr) throw not_found(object_name(kind), id);
  if (resource.rest.size() == 2) return act(kind, id, resource.rest[1]);
  if (resource.rest.size() > 2) throw failure(404, "Not Found");
  if (method_ == "DELETE" && kind != Kind::invitations) {
    store_.erase(kind, id);
    return json_answer(200, "");
  }
  if (method_ == "PUT") return update(kind, id);
  throw failure(404, "Not Found");
}

Answer Write::create(Kind kind) {
  switch (kind) {
    case Kind::organizations:
      return create_organization();
    case Kind::users:
      return create_user();
    case Kind::organization_memberships:
      return create_membership();
    case Kind::invitations:
      return create_invitation();
  }
  throw failure(404, "Not Found");
}

Answer Write::update(Kind kind, const std::string& id) {
  switch (kind) {
    case Kind::organizations:
      return update_organization(id);
    case Kind::users:
      return update_user(id);
    case Kind::organization_memberships:
      return update_membership(id);
    case Kind::invitations:
      break;
  }
  throw failure(404, "Not Found");
}

Answer Write::act(Kind kind, const std::string& id, const std::string& action) {
  if (kind == Kind::organization_memberships && method_ == "PUT") {
    if (action == "deactivate") return set_status(id, "inactive");
    if (action == "reactivate") return set_status(id, "active");
  }
  if (kind == Kind::invitations && method_ == "POST") {
    if (action == "revoke") return revoke(id);
    if (action == "resend") return resend(id);
    if (action == "accept") return accept(id);
  }
  throw failure(404, "Not Found");
}

Answer Write::show(int status, Kind kind, const Record& record) {
  return json_answer(status, store_.listed(kind, record));
}

Json Write::chosen(std::initializer_list<const char*> keys) const {
  Json fields = Json::object();
  for (const char* key : keys) {
    if (body_.contains(key)) fields[key] = body_[key];
  }
  return fields;
}

std::string Write::required(const char* key) const {
  std::string value = text_of(body_, key);
  if (value.empty())
    throw failure(422, std::string{"Validation failed: "} + key + " is required.", "invalid_request_parameters");
  return value;
}

void Write::require_free(Kind kind, const char* key, const std::string& own_id) const {
  const std::string value = text_of(body_, key);
  const Record* other = value.empty() ? nullptr : store_.lookup(kind, key, value);
  if (other == nullptr || other->id == own_id) return;
  if (std::string_view{key} == "email") {
    throw ApiFailure(400, R"({"code":"user_creation_error","message":"Could not create user.",)"
                          R"("errors":[{"code":"email_not_available","message":"This email is not available."}]})");
  }
  throw failure(422, std::string{"Validation failed: "} + key + " is taken.", "invalid_request_parameters");
}

void Write::merge_metadata(Json& fields, const Json& before) const {
  if (!fields.contains("metadata")) return;
  const Json& patch = fields["metadata"];
  Json merged = patch.is_object() && !patch.empty() ? before.value("metadata", Json::object()) : Json::object();
  if (patch.is_object()) merged.merge_patch(patch);
  fields["metadata"] = merged;
}

Answer write(World& world, const Request& request, const std::vector<std::string>& path) {
  const Json body = request.body.empty() ? Json::object() : Json::parse(request.body);
  Write one(world, request.method, body);
  if (!path.empty() && path[0] == "organization_domains") return one.on_domains({path.begin() + 1, path.end()});
  if (const auto resource = resource_of(path)) return one.on_resource(*resource);
  throw failure(404, "Not Found");
}

}  // namespace mirror::simulator
