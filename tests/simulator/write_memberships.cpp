// Memberships and invitations.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/simulator/api_failure.hpp"
#include "tests/simulator/objects.hpp"
#include "tests/simulator/write.hpp"

namespace mirror::simulator {
namespace {

constexpr std::int64_t day = 86'400 * microseconds_per_second;

}  // namespace

Json Write::chosen_roles() const {
  if (body_.contains("role_slug") && body_.contains("role_slugs")) {
    throw failure(422, "Validation failed: role_slug and role_slugs exclude each other.", "invalid_request_parameters");
  }
  Json roles = Json::array();
  for (const auto& slug : body_.value("role_slugs", Json::array())) roles.push_back({{"slug", slug}});
  if (body_.contains("role_slug")) roles.push_back({{"slug", body_["role_slug"]}});
  if (roles.empty()) return Json::object();
  return {{"role", roles[0]}, {"roles", roles}};
}

const Record* Write::membership_of(const std::string& user, const std::string& organization) const {
  for (const auto& [position, membership] : store_.memberships_of_user(user)) {
    if (membership->facts->organization_id == organization) return membership;
  }
  return nullptr;
}

Answer Write::create_membership() {
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

Answer Write::update_membership(const std::string& id) {
  return show(200, Kind::organization_memberships, store_.update(Kind::organization_memberships, id, chosen_roles()));
}

Answer Write::set_status(const std::string& id, const std::string& status, int answer_status) {
  const Record& membership = store_.get(Kind::organization_memberships, id);
  if (membership.facts->status == "pending") {
    const std::string verb = status == "active" ? "reactivate" : "deactivate";
    throw failure(400, "The membership is pending.", "cannot_" + verb + "_pending_organization_membership");
  }
  if (membership.facts->status == status) return show(answer_status, Kind::organization_memberships, membership);
  const Record& changed = store_.update(Kind::organization_memberships, id, {{"status", status}});
  return show(answer_status, Kind::organization_memberships, changed);
}

Answer Write::create_invitation() {
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

Answer Write::change_invitation(const std::string& id, const Json& fields, const std::string& event) {
  return show(200, Kind::invitations, store_.update(Kind::invitations, id, fields, {.event_name = event}));
}

const std::string& Write::state_of(const std::string& id) const {
  return store_.get(Kind::invitations, id).facts->status;
}

Answer Write::revoke(const std::string& id) {
  if (state_of(id) != "pending") throw failure(400, "The invitation is not pending.", "invite_not_pending");
  return change_invitation(id, {{"state", "revoked"}, {"revoked_at", timestamp(store_.now())}}, "invitation.revoked");
}

Answer Write::resend(const std::string& id) {
  if (state_of(id) != "pending")
    throw failure(400, "The invitation is " + state_of(id) + ".", "invite_" + state_of(id));
  return change_invitation(id, {{"expires_at", timestamp({store_.now().microseconds + 7 * day})}}, "invitation.resent");
}

Answer Write::accept(const std::string& id) {
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

}  // namespace mirror::simulator
