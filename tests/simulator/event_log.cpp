#include "tests/simulator/event_log.hpp"

#include <algorithm>
#include <array>

namespace mirror::simulator {
namespace {

/// Names of the official description (github.com/workos/openapi-spec) that concern AuthKit and its neighbours.
constexpr std::array<std::string_view, 69> known_names{"user.created",
                                                       "user.updated",
                                                       "user.deleted",
                                                       "organization.created",
                                                       "organization.updated",
                                                       "organization.deleted",
                                                       "organization_domain.created",
                                                       "organization_domain.updated",
                                                       "organization_domain.deleted",
                                                       "organization_domain.verified",
                                                       "organization_domain.verification_failed",
                                                       "organization_membership.created",
                                                       "organization_membership.updated",
                                                       "organization_membership.deleted",
                                                       "invitation.created",
                                                       "invitation.accepted",
                                                       "invitation.revoked",
                                                       "invitation.resent",
                                                       "role.created",
                                                       "role.updated",
                                                       "role.deleted",
                                                       "organization_role.created",
                                                       "organization_role.updated",
                                                       "organization_role.deleted",
                                                       "permission.created",
                                                       "permission.updated",
                                                       "permission.deleted",
                                                       "group.created",
                                                       "group.updated",
                                                       "group.deleted",
                                                       "group.member_added",
                                                       "group.member_removed",
                                                       "session.created",
                                                       "session.revoked",
                                                       "authentication.email_verification_succeeded",
                                                       "authentication.magic_auth_succeeded",
                                                       "authentication.magic_auth_failed",
                                                       "authentication.mfa_succeeded",
                                                       "authentication.oauth_succeeded",
                                                       "authentication.oauth_failed",
                                                       "authentication.passkey_succeeded",
                                                       "authentication.passkey_failed",
                                                       "authentication.password_succeeded",
                                                       "authentication.password_failed",
                                                       "authentication.sso_succeeded",
                                                       "authentication.sso_failed",
                                                       "authentication.sso_started",
                                                       "authentication.sso_timed_out",
                                                       "authentication.reauthentication_succeeded",
                                                       "authentication.radar_risk_detected",
                                                       "email_verification.created",
                                                       "magic_auth.created",
                                                       "password_reset.created",
                                                       "password_reset.succeeded",
                                                       "waitlist_user.created",
                                                       "waitlist_user.approved",
                                                       "waitlist_user.denied",
                                                       "connection.activated",
                                                       "connection.deactivated",
                                                       "connection.deleted",
                                                       "dsync.activated",
                                                       "dsync.deleted",
                                                       "flag.created",
                                                       "flag.updated",
                                                       "flag.deleted",
                                                       "flag.rule_updated",
                                                       "api_key.created",
                                                       "api_key.updated",
                                                       "api_key.revoked"};

std::string event_text(const Event& event, std::string_view data) {
  std::string text;
  text.reserve(data.size() + 192);
  text.append(R"({"object":"event","id":")").append(event.id).append(R"(","event":")").append(event.name);
  text.append(R"(","data":)").append(data).append(R"(,"created_at":")");
  append_timestamp(text, event.created_at);
  return text.append("\"}");
}

Instant later(Instant instant, std::chrono::milliseconds delay) {
  return {instant.microseconds + std::chrono::microseconds{delay}.count()};
}

}  // namespace

const Event& EventLog::append(std::string_view name, std::string_view data, std::string_view organization_id,
                              Instant now, std::chrono::milliseconds extra_delay, std::optional<int> fault) {
  Event event;
  event.id = ids_.make_increasing("event_", now);
  event.name = name;
  event.organization_id = organization_id;
  event.created_at = now;
  event.visible_at = later(now, visibility_delay_ + extra_delay);
  event.fault = fault;
  event.text = event_text(event, data);
  numbers_.emplace(event.id, forgotten_ + events_.size());
  events_.push_back(std::move(event));
  if (listener_) listener_(events_.back());
  return events_.back();
}

void EventLog::forget_before(Instant oldest) {
  while (!events_.empty() && events_.front().created_at < oldest) {
    numbers_.erase(events_.front().id);
    events_.pop_front();
    ++forgotten_;
  }
}

std::optional<std::size_t> EventLog::find(std::string_view id) const {
  const auto found = numbers_.find(std::string{id});
  if (found == numbers_.end()) return std::nullopt;
  return found->second - forgotten_;
}

bool is_known_event(std::string_view name) {
  return std::ranges::find(known_names, name) != known_names.end();
}

}  // namespace mirror::simulator
