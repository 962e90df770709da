#include "api/error_advice.hpp"

#include <algorithm>
#include <array>

namespace mirror::api {
namespace {

constexpr std::string_view fix_parameters =
    "Correct the parameter that the message names; `--help` shows what each may be.";
constexpr std::string_view fix_id = "Check the id, and that the key belongs to the environment that has the object.";
constexpr std::string_view fix_address =
    "Use another address, or update the user who has this one (users.list email=...).";
constexpr std::string_view fix_password =
    "Choose a longer or less common password; the environment's policy is in the dashboard.";
constexpr std::string_view fix_code = "Ask for a new code and use it within ten minutes.";
constexpr std::string_view fix_key = "Give a valid key of this environment.";
constexpr std::string_view fix_invitation = "Look at its state (invitations.get); create a new one if it is over.";
constexpr std::string_view fix_membership =
    "Look at the membership (memberships.list statuses=active,inactive,pending).";
constexpr std::string_view fix_sso = "Send the person to authorization.url with connection_id.";
constexpr std::string_view fix_sign_in = "Begin the sign-in again.";
constexpr std::string_view fix_method =
    "Use another way to sign in, or switch this one on under Authentication in the WorkOS dashboard.";
constexpr std::string_view fix_hosted_page = "Send the person to the hosted page: authorization.url provider=authkit.";
constexpr std::string_view fix_client = "Check client_id, and that it belongs to the environment of the key.";

constexpr std::array advice{
    // Requests
    ErrorAdvice{"invalid_request", "a parameter is missing or wrong", fix_parameters},
    ErrorAdvice{"invalid_request_parameters", "a parameter is missing or wrong", fix_parameters},
    ErrorAdvice{"missing_user_id_or_organization_id", "memberships have no list of a whole environment",
                "Give user_id or organization_id."},
    ErrorAdvice{"invalid_events_request", "an event type is unknown to WorkOS",
                "Leave out the type that the message names."},
    ErrorAdvice{"invalid_url", "the address is not https or can't be reached by WorkOS",
                "Give an https address that WorkOS can reach."},
    ErrorAdvice{"duplicate_endpoint", "there is an endpoint with this address already",
                "Update it (webhook_endpoints.update), or delete it first."},
    // Key and permission
    ErrorAdvice{"invalid_api_key", "the API key is wrong or was revoked", fix_key},
    ErrorAdvice{"unauthorized", "the API key is wrong or was revoked", fix_key},
    ErrorAdvice{"insufficient_permissions", "the key may not do this",
                "Give the key the permission in the WorkOS dashboard."},
    ErrorAdvice{"invalid_client", "the application is unknown, or its secret is wrong", fix_client},
    ErrorAdvice{"unauthorized_client", "the application may not use this way to sign in",
                "Allow it for the application in the WorkOS dashboard."},
    // Users
    ErrorAdvice{"invalid_email", "this is no email address", "Correct the address."},
    ErrorAdvice{"duplicate_email", "another user has this address", fix_address},
    ErrorAdvice{"email_not_available", "another user has this address", fix_address},
    ErrorAdvice{"user_already_exists", "a user has this address already",
                "Add the membership instead (memberships.create), or use another address for a new user."},
    ErrorAdvice{"user_creation_error", "the user could not be created", "Correct what the listed errors name."},
    ErrorAdvice{"user_deletion_not_allowed", "something still needs the user", "Read the message, and end that first."},
    ErrorAdvice{"invalid_password", "the password is against the policy", fix_password},
    ErrorAdvice{"password_strength_error", "the password is against the policy", fix_password},
    ErrorAdvice{"password_reset_not_allowed", "this user may not set a password",
                "Let the person sign in another way, for example by SSO or magic_auth.create."},
    ErrorAdvice{"password_reset_error", "the token is used up or expired",
                "Make a new one with password_reset.create."},
    ErrorAdvice{"email_previously_verified", "the address is verified already", "Nothing is left to do."},
    // What is not there
    ErrorAdvice{"not_found", "there is no such object", fix_id},
    ErrorAdvice{"entity_not_found", "there is no such object", fix_id},
    ErrorAdvice{"user_not_found", "there is no such user", fix_id},
    ErrorAdvice{"organization_not_found", "there is no such organization", fix_id},
    ErrorAdvice{"invitation_not_found", "there is no such invitation", fix_id},
    // Memberships and invitations
    ErrorAdvice{"membership_already_exists", "the user is a member already", fix_membership},
    ErrorAdvice{"organization_membership_already_exists", "the user is a member already", fix_membership},
    ErrorAdvice{"organization_membership_required", "the user is no member of the organization", fix_membership},
    ErrorAdvice{"organization_membership_not_found", "the user is no member of the organization", fix_membership},
    ErrorAdvice{"cannot_deactivate_pending_organization_membership", "the invitation was not accepted yet",
                fix_membership},
    ErrorAdvice{"cannot_reactivate_pending_organization_membership", "the invitation was not accepted yet",
                fix_membership},
    ErrorAdvice{"invalid_role", "there is no such role",
                "Use the slug of a role of the environment or the organization."},
    ErrorAdvice{"multiple_roles_not_enabled", "the environment allows one role per membership",
                "Give role_slug, or enable several roles."},
    ErrorAdvice{"email_already_invited", "there is a pending invitation",
                "Resend it (invitations.resend), or revoke it first."},
    ErrorAdvice{"email_already_invited_to_organization", "there is a pending invitation",
                "Resend it (invitations.resend), or revoke it first."},
    ErrorAdvice{"user_already_organization_member", "the person is a member already", fix_membership},
    ErrorAdvice{"invite_not_pending", "the invitation is over", fix_invitation},
    ErrorAdvice{"invite_expired", "the invitation is over", fix_invitation},
    ErrorAdvice{"invite_revoked", "the invitation is over", fix_invitation},
    ErrorAdvice{"invite_accepted", "the invitation is over", fix_invitation},
    ErrorAdvice{"invalid_invite", "the invitation can't be used", fix_invitation},
    ErrorAdvice{"expires_in_days_too_short", "an invitation lasts for 1 to 30 days", "Correct expires_in_days."},
    ErrorAdvice{"expires_in_days_too_long", "an invitation lasts for 1 to 30 days", "Correct expires_in_days."},
    // Sign-in: wrong or used up
    ErrorAdvice{"invalid_credentials", "address or password is wrong",
                "Check both, or reset the password (password_reset.create)."},
    ErrorAdvice{"invalid_grant", "the code or token is wrong, used up or expired", fix_sign_in},
    ErrorAdvice{"invalid_code", "the code is wrong, used up or expired", fix_sign_in},
    ErrorAdvice{"invalid_pending_authentication_token", "the step before is too long ago", fix_sign_in},
    ErrorAdvice{"invalid_one_time_code", "the code is wrong", fix_code},
    ErrorAdvice{"one_time_code_expired", "the code is too old", fix_code},
    ErrorAdvice{"one_time_code_previously_used", "the code was used already", fix_code},
    ErrorAdvice{"one_time_code_too_many_attempts", "there were too many wrong codes", fix_code},
    ErrorAdvice{"email_verification_code_incorrect", "the code is wrong", fix_code},
    ErrorAdvice{"email_verification_code_expired", "the code is too old", fix_code},
    ErrorAdvice{"email_change_code_incorrect", "the code is wrong", fix_code},
    ErrorAdvice{"email_change_code_expired", "the code is too old", fix_code},
    ErrorAdvice{"no_pending_email_change", "no change was begun", "Begin it with email_change.send."},
    ErrorAdvice{"user_mismatch", "the code belongs to another user", fix_sign_in},
    ErrorAdvice{"invalid_organization_id", "the user can't sign in to this organization", fix_membership},
    // Sign-in: what comes next
    ErrorAdvice{"email_verification_required", "the user's address is not verified",
                "Use the code that was sent: authenticate.email_verification."},
    ErrorAdvice{"mfa_enrollment_required", "the user needs a second factor",
                "Enrol one (factors.create), then authenticate.totp."},
    ErrorAdvice{"mfa_enrollment", "the user needs a second factor",
                "Enrol one (factors.create), then authenticate.totp."},
    ErrorAdvice{"mfa_challenge", "the user's second factor is asked for",
                "Ask for its code (factors.challenge), then authenticate.totp."},
    ErrorAdvice{"organization_selection_required", "the user belongs to several organizations",
                "Choose one: authenticate.organization."},
    ErrorAdvice{"radar_challenge", "Radar wants a code", "Use it: authenticate.radar_email or authenticate.radar_sms."},
    ErrorAdvice{"radar_sms_sign_in_challenge", "Radar wants a code from the person's telephone",
                "Use the code that was sent: authenticate.radar_sms."},
    ErrorAdvice{"radar_sign_up_challenge", "Radar wants proof from whoever signs up",
                "Let the person sign up on the hosted page: authorization.url provider=authkit screen_hint=sign-up."},
    ErrorAdvice{"authentication_method_not_allowed", "this way to sign in is switched off", fix_method},
    ErrorAdvice{"email_password_auth_disabled", "passwords are switched off", fix_method},
    ErrorAdvice{"application_consent_required", "the person has not allowed the application yet", fix_hosted_page},
    ErrorAdvice{"passkey_progressive_enrollment", "the person is to be offered a passkey", fix_hosted_page},
    ErrorAdvice{"sso_required", "the user has to sign in by SSO", fix_sso},
    // Devices
    ErrorAdvice{"authorization_pending", "nobody approved the device yet",
                "Ask again after the interval; device.authorize --wait does."},
    ErrorAdvice{"slow_down", "it was asked too often",
                "Add five seconds to the interval; device.authorize --wait does."},
    ErrorAdvice{
        "access_denied", "the person refused, or the WorkOS team may not sign in devices",
        "Begin again with device.authorize if it was a mistake; if that is refused itself, have WorkOS enable it."},
    ErrorAdvice{"expired_token", "the device's code expired", "Begin again with device.authorize."},
    // Limits
    ErrorAdvice{"rate_limit_exceeded", "the quota is used up",
                "Wait a minute; if it lasts, lower api.max_requests_per_second."},
    ErrorAdvice{"daily_quota_exceeded", "the day's quota of emails is used up",
                "Wait until tomorrow, or ask WorkOS for more."},
    ErrorAdvice{"too_many_requests", "the quota is used up",
                "Wait a minute; if it lasts, lower api.max_requests_per_second."},
    ErrorAdvice{"internal_error", "WorkOS failed", "Try again; if it lasts, tell WorkOS the request id."},
    ErrorAdvice{"server_error", "WorkOS failed", "Try again; if it lasts, tell WorkOS the request id."},
};

/// Also what frameworks and proxies write; without regard to case.
constexpr std::array<std::string_view, 5> about_key{"invalid_api_key", "unauthorized", "insufficient_permissions",
                                                    "forbidden", "access_forbidden"};

bool is_same_word(std::string_view left, std::string_view right) noexcept {
  const auto small = [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; };
  return std::ranges::equal(left, right, {}, small, small);
}

}  // namespace

const ErrorAdvice* find_advice(std::string_view code) noexcept {
  const auto* found = std::ranges::find(advice, code, &ErrorAdvice::code);
  return found == advice.end() ? nullptr : found;
}

bool is_about_key(std::string_view code) noexcept {
  return std::ranges::any_of(about_key, [&](std::string_view known) { return is_same_word(known, code); });
}

}  // namespace mirror::api
