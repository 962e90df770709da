// Signing in and proving who one is, but for the grants.
#include "api/operation_tables.hpp"

namespace mirror::api {
namespace {

using Kind = ParameterRule::Kind;

std::vector<Parameter> authorization_parameters() {
  return {
      required(in_query("client_id", "the application; otherwise WORKOS_CLIENT_ID")),
      required(in_query("redirect_uri", "where the browser comes back to with the code")),
      always(in_query("response_type", ""), "code"),
      in_query("provider", "authkit for the hosted page, or an OAuth provider such as GoogleOAuth"),
      in_query("connection_id", "the SSO connection to sign in with"),
      in_query("organization_id", "the organization to sign in to; alone: by its SSO connection"),
      in_query("state", "comes back unchanged beside the code"),
      in_query("login_hint", "email address to begin with"),
      in_query("domain_hint", "domain to begin with"),
      one_of(in_query("screen_hint", "the page to show first"), "sign-up,sign-in"),
      in_query("prompt", "login asks for credentials even if a session exists"),
      in_query("max_age", "seconds after which a session has to sign in again", ValueType::integer),
      secret(in_query("invitation_token", "accepts this invitation at sign-in")),
      in_query("provider_scopes", "more OAuth scopes to ask the provider for", ValueType::texts),
      in_query("provider_query_params", "more parameters for the provider", ValueType::object),
      in_query("code_challenge", "PKCE; --pkce makes one"),
      one_of(in_query("code_challenge_method", "of code_challenge"), "S256"),
  };
}

constexpr Parameter code = secret(required(in_body("code", "the code that the person got")));

}  // namespace

std::vector<Operation> sign_in_operations() {
  return {
      called_by(Caller::browser, "authorization.url", "GET /user_management/authorize",
                "Build the address at which a browser signs in; nothing is called", authorization_parameters(),
                "client_id=client_01J redirect_uri=https://app.example/callback provider=authkit --pkce",
                {{Kind::at_least_one, {"provider", "connection_id", "organization_id"}},
                 {Kind::second_needs_first, {"code_challenge", "code_challenge_method"}}}),
      called_by(Caller::client, "sso.token", "POST /sso/token",
                "Exchange the code of a standalone SSO sign-in for a profile",
                {required(in_body("client_id", "the application; otherwise WORKOS_CLIENT_ID")), code,
                 always(in_body("grant_type", ""), "authorization_code")},
                "client_id=client_01J code=@code.txt"),
      called_by(Caller::device, "device.authorize", "POST /user_management/authorize/device",
                "Begin to sign in a device that has no browser; --wait polls until the person approved",
                {required(in_body("client_id", "the application; otherwise WORKOS_CLIENT_ID"))},
                "client_id=client_01J --wait"),
      by_key("sessions.list", "GET /user_management/users/{id}/sessions", "List a user's active sessions",
             with_pages({path_id("the user")}), "id=user_01J"),
      by_key("sessions.revoke", "POST /user_management/sessions/revoke", "End a session",
             {required(in_body("session_id", "the session"))}, "session_id=session_01J"),
  };
}

std::vector<Operation> factor_operations() {
  const auto factor = path_id("the factor");
  const auto type = required(in_body("type", "kind of factor"));
  const auto issuer = in_body("totp_issuer", "name that the authenticator app shows");
  const auto account = in_body("totp_user", "account that the authenticator app shows");
  return {
      by_key("factors.list", "GET /user_management/users/{id}/auth_factors", "List a user's authentication factors",
             with_pages({path_id("the user")}), "id=user_01J"),
      by_key("factors.create", "POST /user_management/users/{id}/auth_factors",
             "Enrol a user in TOTP; answers its secret and a first challenge",
             {path_id("the user"), one_of(type, "totp"), issuer, account,
              secret(in_body("totp_secret", "a secret that is in use already"))},
             "id=user_01J type=totp totp_issuer=Acme"),
      by_key("factors.enroll", "POST /auth/factors/enroll", "Enrol a factor that need not belong to a user",
             {one_of(type, "totp,sms,generic_otp"), in_body("phone_number", "for sms"), issuer, account,
              in_body("user_id", "the user it belongs to")},
             "type=totp totp_issuer=Acme totp_user=ada"),
      by_key("factors.get", "GET /auth/factors/{id}", "Show a factor", {factor}, "id=auth_factor_01J"),
      by_key("factors.delete", "DELETE /auth/factors/{id}", "Remove a factor", {factor}, "id=auth_factor_01J"),
      by_key("factors.challenge", "POST /auth/factors/{id}/challenge", "Ask for a factor's code",
             {factor, in_body("sms_template", "text with {{code}}, for sms")}, "id=auth_factor_01J"),
      by_key("challenges.verify", "POST /auth/challenges/{id}/verify", "Test the code that answers a challenge",
             {path_id("the challenge"), code}, "id=auth_challenge_01J code=-"),
  };
}

std::vector<Operation> code_operations() {
  return {
      by_key(
          "magic_auth.create", "POST /user_management/magic_auth", "Make a one-time code for an email address",
          {required(in_body("email", "who signs in")), secret(in_body("invitation_token", "accepts it at sign-in")),
           in_body("ip_address", "of the person"), in_body("user_agent", "of the person's browser"),
           in_body("radar_auth_attempt_id", "the attempt that Radar judges"), in_body("signals_id", "Radar's signals")},
          "email=ada@example.com"),
      by_key("magic_auth.get", "GET /user_management/magic_auth/{id}", "Show a one-time code",
             {path_id("the code's object")}, "id=magic_auth_01J"),
      by_key("password_reset.create", "POST /user_management/password_reset",
             "Make a token with which a user sets a new password", {required(in_body("email", "whose password"))},
             "email=ada@example.com"),
      by_key("password_reset.get", "GET /user_management/password_reset/{id}", "Show a password reset",
             {path_id("the password reset")}, "id=password_reset_01J"),
      by_key("password_reset.confirm", "POST /user_management/password_reset/confirm", "Set the new password",
             {secret(required(in_body("token", "of the password reset"))),
              secret(required(in_body("new_password", "the password to set")))},
             "token=@token.txt new_password=-"),
  };
}

}  // namespace mirror::api
