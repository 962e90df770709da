// POST, PUT and DELETE, as far as tests and demonstrations need them.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/simulator/api.hpp"
#include "tests/simulator/api_failure.hpp"
#include "tests/simulator/objects.hpp"

namespace mirror::simulator {
namespace {

constexpr std::int64_t day = 86'400 * microseconds_per_second;

/// One write request on its way. Throws ApiFailure.
class Write {
 public:
  Write(World& world, const Request& request)
      : store_(world.store),
        method_(request.method),
        body_(request.body.empty() ? Json::object() : Json::parse(request.body)) {
    if (!body_.is_object()) throw failure(400, "The body must be a JSON object.");
  }

  Answer on_resource(const ResourcePath& resource) {
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

  Answer on_domains(const std::vector<std::string>& rest);

 private:
  Answer create(Kind kind) {
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

  Answer update(Kind kind, const std::string& id) {
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

  Answer act(Kind kind, const std::string& id, const std::string& action) {
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

  Answer show(int status, Kind kind, const Record& record) { return json_answer(status, store_.listed(kind, record)); }

  Json chosen(std::initializer_list<const char*> keys) const {
    Json fields = Json::object();
    for (const char* key : keys) {
      if (body_.contains(key)) fields[key] = body_[key];
    }
    return fields;
  }

  std::string required(const char* key) const {
    std::string value = text_of(body_, key);
    if (value.empty())
      throw failure(422, std::string{"Validation failed: "} + key + " is required.", "invalid_request_parameters");
    return value;
  }

  void require_free(Kind kind, const char* key, const std::string& own_id = {}) const {
    const std::string value = text_of(body_, key);
    const Record* other = value.empty() ? nullptr : store_.lookup(kind, key, value);
    if (other == nullptr || other->id == own_id) return;
    if (std::string_view{key} == "email") {
      throw ApiFailure(400, R"({"code":"user_creation_error","message":"Could not create user.",)"
                            R"("errors":[{"code":"email_not_available","message":"This email is not available."}]})");
    }
    throw failure(422, std::string{"Validation failed: "} + key + " is taken.", "invalid_request_parameters");
  }

  /// A null deletes a key, an empty map or null for the whole clears it (workos.com/docs/authkit/metadata).
  void merge_metadata(Json& fields, const Json& before) const {
    if (!fields.contains("metadata")) return;
    const Json& patch = fields["metadata"];
    Json merged = patch.is_object() && !patch.empty() ? before.value("metadata", Json::object()) : Json::object();
    if (patch.is_object()) merged.merge_patch(patch);
    fields["metadata"] = merged;
  }

  Json wanted_domains(const Json& before) {
    Json domains = Json::array();
    Json wanted = body_.value("domain_data", Json::array());
    for (const auto& name : body_.value("domains", Json::array()))
      wanted.push_back({{"domain", name}, {"state", "verified"}});
    for (auto& domain : wanted) {
      for (const auto& old : before.value("domains", Json::array())) {
        if (old["domain"] != domain["domain"]) continue;
        Json kept = old;
        kept.update(domain);
        domain = kept;
      }
      domains.push_back(new_domain(before.value("id", ""), domain, store_.now(), store_.ids()));
    }
    return domains;
  }

  Answer create_organization() {
    required("name");
    require_free(Kind::organizations, "external_id");
    Json fields = chosen({"name", "metadata", "external_id", "allow_profiles_outside_organization"});
    if (!fields.value("metadata", Json{}).is_object()) fields.erase("metadata");
    fields["id"] = store_.ids().make("org_", store_.now());
    fields["domains"] = wanted_domains(fields);
    return show(201, Kind::organizations, store_.create(Kind::organizations, fields));
  }

  Answer update_organization(const std::string& id) {
    require_free(Kind::organizations, "external_id", id);
    const Json before = store_.object(Kind::organizations, id);
    Json fields =
        chosen({"name", "metadata", "external_id", "stripe_customer_id", "allow_profiles_outside_organization"});
    merge_metadata(fields, before);
    if (body_.contains("domains") || body_.contains("domain_data")) fields["domains"] = wanted_domains(before);
    return show(200, Kind::organizations, store_.update(Kind::organizations, id, fields));
  }

  void complete_name(Json& fields, const Json& before) const {
    if (fields.contains("name") || (!fields.contains("first_name") && !fields.contains("last_name"))) return;
    Json both = before;
    both.update(fields);
    const std::string first = text_of(both, "first_name");
    const std::string last = text_of(both, "last_name");
    const std::string name = first.empty() || last.empty() ? first + last : first + " " + last;
    fields["name"] = name.empty() ? Json{} : Json(name);
  }

  Answer create_user() {
    required("email");
    require_free(Kind::users, "email");
    require_free(Kind::users, "external_id");
    Json fields = chosen({"email", "first_name", "last_name", "name", "email_verified", "metadata", "external_id"});
    if (!fields.value("metadata", Json{}).is_object()) fields.erase("metadata");
    complete_name(fields, Json::object());
    return show(201, Kind::users, store_.create(Kind::users, fields));
  }

  Answer update_user(const std::string& id) {
    require_free(Kind::users, "email", id);
    require_free(Kind::users, "external_id", id);
    const Json before = store_.object(Kind::users, id);
    Json fields =
        chosen({"email", "first_name", "last_name", "name", "email_verified", "metadata", "external_id", "locale"});
    merge_metadata(fields, before);
    complete_name(fields, before);
    return show(200, Kind::users, store_.update(Kind::users, id, fields));
  }

  Json chosen_roles() const {
    if (body_.contains("role_slug") && body_.contains("role_slugs")) {
      throw failure(422, "Validation failed: role_slug and role_slugs exclude each other.",
                    "invalid_request_parameters");
    }
    Json roles = Json::array();
    for (const auto& slug : body_.value("role_slugs", Json::array())) roles.push_back({{"slug", slug}});
    if (body_.contains("role_slug")) roles.push_back({{"slug", body_["role_slug"]}});
    if (roles.empty()) return Json::object();
    return {{"role", roles[0]}, {"roles", roles}};
  }

  const Record* membership_of(const std::string& user, const std::string& organization) const {
    for (const auto& [position, membership] : store_.memberships_of_user(user)) {
      if (membership->facts->organization_id == organization) return membership;
    }
    return nullptr;
  }

  Answer create_membership() {
    Json fields{{"user_id", required("user_id")}, {"organization_id", required("organization_id")}};
    if (store_.find(Kind::users, text_of(fields, "user_id")) == nullptr)
      throw not_found("User", text_of(fields, "user_id"));
    if (store_.find(Kind::organizations, text_of(fields, "organization_id")) == nullptr) {
      throw not_found("Organization", text_of(fields, "organization_id"));
    }
    const Record* existing = membership_of(text_of(fields, "user_id"), text_of(fields, "organization_id"));
    if (existing != nullptr && existing->facts->status == "inactive") return set_status(existing->id, "active", 201);
    if (existing != nullptr) {
      throw failure(400, "The user is a member of the organization already.", "organization_membership_already_exists");
    }
    fields.update(chosen_roles());
    return show(201, Kind::organization_memberships, store_.create(Kind::organization_memberships, fields));
  }

  Answer update_membership(const std::string& id) {
    return show(200, Kind::organization_memberships, store_.update(Kind::organization_memberships, id, chosen_roles()));
  }

  Answer set_status(const std::string& id, const std::string& status, int answer_status = 200) {
    const Record& membership = store_.get(Kind::organization_memberships, id);
    if (membership.facts->status == "pending") {
      const std::string verb = status == "active" ? "reactivate" : "deactivate";
      throw failure(400, "The membership is pending.", "cannot_" + verb + "_pending_organization_membership");
    }
    if (membership.facts->status == status) return show(answer_status, Kind::organization_memberships, membership);
    const Record& changed = store_.update(Kind::organization_memberships, id, {{"status", status}});
    return show(answer_status, Kind::organization_memberships, changed);
  }

  Answer create_invitation() {
    required("email");
    const auto days = body_.value("expires_in_days", std::int64_t{7});
    if (days < 1) throw failure(400, "expires_in_days is too short.", "expires_in_days_too_short");
    if (days > 30) throw failure(400, "expires_in_days is too long.", "expires_in_days_too_long");
    const std::string organization = text_of(body_, "organization_id");
    if (!organization.empty() && store_.find(Kind::organizations, organization) == nullptr) {
      throw not_found("Organization", organization);
    }
    if (const Record* open = store_.lookup(Kind::invitations, "email", text_of(body_, "email"));
        open != nullptr && open->facts->status == "pending" && open->facts->organization_id == organization) {
      throw failure(400, "There is an open invitation.",
                    organization.empty() ? "email_already_invited" : "email_already_invited_to_organization");
    }
    Json fields = chosen({"email", "organization_id", "role_slug", "inviter_user_id"});
    fields["expires_at"] = timestamp({store_.now().microseconds + days * day});
    return show(201, Kind::invitations, store_.create(Kind::invitations, fields));
  }

  Answer change_invitation(const std::string& id, const Json& fields, const std::string& event) {
    return show(200, Kind::invitations, store_.update(Kind::invitations, id, fields, {.event_name = event}));
  }

  const std::string& state_of(const std::string& id) const { return store_.get(Kind::invitations, id).facts->status; }

  Answer revoke(const std::string& id) {
    if (state_of(id) != "pending") throw failure(400, "The invitation is not pending.", "invite_not_pending");
    return change_invitation(id, {{"state", "revoked"}, {"revoked_at", timestamp(store_.now())}}, "invitation.revoked");
  }

  Answer resend(const std::string& id) {
    if (state_of(id) != "pending")
      throw failure(400, "The invitation is " + state_of(id) + ".", "invite_" + state_of(id));
    return change_invitation(id, {{"expires_at", timestamp({store_.now().microseconds + 7 * day})}},
                             "invitation.resent");
  }

  /// The guest becomes a user if there is none of that address, and a member if an organization invited.
  Answer accept(const std::string& id) {
    if (state_of(id) != "pending") throw failure(400, "The invitation is not pending.", "invite_not_pending");
    const Json invitation = store_.object(Kind::invitations, id);
    const std::string email = text_of(invitation, "email");
    const Record* user = store_.lookup(Kind::users, "email", email);
    if (user == nullptr) user = &store_.create(Kind::users, {{"email", email}, {"email_verified", true}});
    const std::string organization = text_of(invitation, "organization_id");
    const bool can_join = store_.find(Kind::organizations, organization) != nullptr;
    if (can_join && membership_of(user->id, organization) == nullptr) {
      Json fields{{"user_id", user->id}, {"organization_id", organization}};
      if (const std::string role = text_of(invitation, "role_slug"); !role.empty()) fields["role"] = {{"slug", role}};
      store_.create(Kind::organization_memberships, fields);
    }
    return change_invitation(
        id, {{"state", "accepted"}, {"accepted_at", timestamp(store_.now())}, {"accepted_user_id", user->id}},
        "invitation.accepted");
  }

  Store& store_;
  std::string method_;
  Json body_;
};

Answer Write::on_domains(const std::vector<std::string>& rest) {
  const bool creates = rest.empty() && method_ == "POST";
  const std::string organization = creates ? required("organization_id") : std::string{};
  const Record* owner = creates ? store_.find(Kind::organizations, organization)
                                : store_.lookup(Kind::organizations, "domain_id", rest.empty() ? "" : rest[0]);
  if (owner == nullptr)
    throw not_found(creates ? "Organization" : "Organization domain", creates        ? organization
                                                                      : rest.empty() ? ""
                                                                                     : rest[0]);
  Json domains = store_.object(Kind::organizations, owner->id)["domains"];
  if (creates) {
    domains.push_back(
        new_domain(owner->id, {{"domain", required("domain")}, {"state", "pending"}}, store_.now(), store_.ids()));
    store_.update(Kind::organizations, owner->id, {{"domains", domains}});
    return json_answer(201, domains.back().dump());
  }
  const auto found = std::ranges::find_if(domains, [&](const Json& domain) { return domain["id"] == rest[0]; });
  if (rest.size() == 1 && method_ == "DELETE") {
    domains.erase(found);
    store_.update(Kind::organizations, owner->id, {{"domains", domains}});
    Answer gone;
    gone.status = 204;
    return gone;
  }
  if (rest.size() != 2 || rest[1] != "verify" || method_ != "POST") throw failure(404, "Not Found");
  (*found)["state"] = "verified";
  (*found)["updated_at"] = timestamp(store_.now());
  const Json verified = *found;
  store_.update(Kind::organizations, owner->id, {{"domains", domains}});
  store_.emit("organization_domain.verified", verified);
  return json_answer(201, verified.dump());
}

}  // namespace

Answer write(World& world, const Request& request, const std::vector<std::string>& path) {
  Write one(world, request);
  if (!path.empty() && path[0] == "organization_domains") return one.on_domains({path.begin() + 1, path.end()});
  if (const auto resource = resource_of(path)) return one.on_resource(*resource);
  throw failure(404, "Not Found");
}

}  // namespace mirror::simulator
