// The ways to get a session: one address, one grant type each.
#include "api/operation_tables.hpp"

namespace mirror::api {
namespace {

/// What is needed to go on after a 403 that named the next step of a sign-in.
constexpr Parameter pending_token =
    secret(required(in_body("pending_authentication_token", "from the answer that asked for this step")));
constexpr Parameter code = secret(required(in_body("code", "the code that the person got")));
constexpr Parameter email = required(in_body("email", "who signs in"));
constexpr Parameter invitation = secret(in_body("invitation_token", "accepts this invitation at sign-in"));
constexpr Parameter signals = in_body("signals_id", "Radar's signals about the browser");
constexpr Parameter radar_attempt = in_body("radar_auth_attempt_id", "the attempt that Radar judges");

Operation grant(std::string_view name, std::string_view grant_type, Caller caller, std::string_view summary,
                std::vector<Parameter> own, std::string_view example) {
  std::vector<Parameter> parameters{required(in_body("client_id", "the application; otherwise WORKOS_CLIENT_ID")),
                                    always(in_body("grant_type", ""), grant_type)};
  parameters.insert(parameters.end(), own.begin(), own.end());
  parameters.push_back(in_body("ip_address", "of the person"));
  parameters.push_back(in_body("user_agent", "of the person's browser"));
  parameters.push_back(in_body("device_id", "of the person's device"));
  return {name, "POST", "/user_management/authenticate", caller, summary, std::move(parameters), example};
}

}  // namespace

std::vector<Operation> grant_operations() {
  return {
      grant(
          "authenticate.code", "authorization_code", Caller::maybe_public, "Exchange the code of a sign-in",
          {code, secret(in_body("code_verifier", "PKCE: what authorization.url --pkce printed")), invitation, signals},
          "code=@code.txt code_verifier=@verifier.txt --public-client"),
      grant("authenticate.password", "password", Caller::client, "Sign in with email and password",
            {email, secret(required(in_body("password", "the user's password"))), invitation, signals, radar_attempt},
            "email=ada@example.com password=-"),
      grant("authenticate.refresh", "refresh_token", Caller::maybe_public,
            "Get new tokens; the refresh token in the answer replaces the old one",
            {secret(required(in_body("refresh_token", "from the last answer"))),
             in_body("organization_id", "switches to this organization")},
            "refresh_token=@token.txt"),
      grant("authenticate.magic_auth", "urn:workos:oauth:grant-type:magic-auth:code", Caller::client,
            "Sign in with a one-time code", {code, email, invitation, radar_attempt}, "email=ada@example.com code=-"),
      grant("authenticate.email_verification", "urn:workos:oauth:grant-type:email-verification:code", Caller::client,
            "Go on after email_verification_required", {code, pending_token},
            "pending_authentication_token=@token.txt code=-"),
      grant("authenticate.totp", "urn:workos:oauth:grant-type:mfa-totp", Caller::client, "Go on after mfa_challenge",
            {code, pending_token, required(in_body("authentication_challenge_id", "the challenge that code answers"))},
            "authentication_challenge_id=auth_challenge_01J pending_authentication_token=@token.txt code=-"),
      grant("authenticate.organization", "urn:workos:oauth:grant-type:organization-selection", Caller::client,
            "Go on after organization_selection_required",
            {pending_token, required(in_body("organization_id", "the organization to sign in to"))},
            "organization_id=org_01J pending_authentication_token=@token.txt"),
      grant("authenticate.radar_email", "urn:workos:oauth:grant-type:radar-email-challenge:code", Caller::client,
            "Go on after radar_challenge by email",
            {code, pending_token, required(in_body("radar_challenge_id", "the challenge that code answers"))},
            "radar_challenge_id=radar_challenge_01J pending_authentication_token=@token.txt code=-"),
      grant("authenticate.radar_sms", "urn:workos:oauth:grant-type:radar-sms-challenge:code", Caller::client,
            "Go on after radar_challenge by text message",
            {code, pending_token, in_body("verification_id", "the verification that code answers"),
             in_body("phone_number", "that got the code")},
            "verification_id=verification_01J pending_authentication_token=@token.txt code=-"),
      grant("authenticate.device", "urn:ietf:params:oauth:grant-type:device_code", Caller::device,
            "Ask once whether a device was approved",
            {secret(required(in_body("device_code", "from device.authorize")))}, "device_code=@code.txt"),
  };
}

}  // namespace mirror::api
