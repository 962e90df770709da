#include "api/api_error.hpp"

#include "api/http_transport.hpp"
#include "tests/catch.hpp"

namespace {

using namespace mirror;
using namespace mirror::api;

const std::string key = "sk_test_12345";

ApiError error_of(int status, const std::string& body, std::vector<std::pair<std::string, std::string>> headers = {}) {
  headers.emplace_back("x-request-id", "req_7");
  HttpRequest request;
  request.target = "/user_management/users?after=user_1&email=eve%40example.com";
  return make_api_error(request, {status, std::move(headers), body}, {key, Instant{}, std::nullopt});
}

/// A code with the status that comes with it, what kind of failure that is, and part of what helps.
struct Told {
  int status;
  const char* code;
  Fault fault;
  const char* step;
};

/// What whoever signs in is answered. OAuth's answers name the code differently.
ApiError sign_in_error(const Told& told, const char* name = "code") {
  const HttpRequest request{"POST", "/user_management/authenticate", {}, {}};
  const std::string coded = *told.code == '\0' ? "" : std::string(",\"") + name + "\":\"" + told.code + "\"";
  return make_api_error(request, {told.status, {}, "{\"message\":\"x\"" + coded + "}"}, {key, Instant{}, std::nullopt});
}

}  // namespace

TEST_CASE("every shape of error body gives its code and message") {
  const ApiError plain = error_of(404, R"({"message":"User not found"})");
  CHECK(plain.message() == "User not found");
  CHECK(plain.code().empty());
  CHECK(plain.request_id() == "req_7");
  CHECK_THAT(plain.what(), ContainsSubstring("GET /user_management/users answered 404: User not found") &&
                               ContainsSubstring("req_7") && !ContainsSubstring("eve"));

  const ApiError coded = error_of(400, R"({"code":"missing_user_id_or_organization_id","message":"One is required"})");
  CHECK(coded.code() == "missing_user_id_or_organization_id");

  const ApiError listed = error_of(
      422,
      R"({"code":"user_creation_error","message":"No","errors":[{"code":"email_taken","message":"Taken"},"odd",7]})");
  REQUIRE(listed.errors().size() == 2);
  CHECK(listed.errors()[0].code == "email_taken");
  CHECK(listed.errors()[1].message == "odd");

  const ApiError fields =
      error_of(422, R"({"message":"Validation failed","errors":[{"field":"events","code":"unknown"}]})");
  CHECK(fields.errors()[0].field == "events");
  CHECK_THAT(fields.what(), ContainsSubstring("events: unknown"));

  const ApiError oauth = error_of(400, R"({"error":"invalid_grant","error_description":"Expired"})");
  CHECK(oauth.code() == "invalid_grant");
  CHECK(oauth.message() == "Expired");

  CHECK(error_of(422, R"({"message":5,"errors":{"a":1}})").message().empty());
}

TEST_CASE("the status decides what may be done next") {
  const std::string body = R"({"message":"x"})";
  for (const int status : {401, 403}) CHECK(error_of(status, body).fault() == Fault::refused);
  for (const int status : {400, 404, 409, 422}) CHECK(error_of(status, body).fault() == Fault::bad_data);
  for (const int status : {408, 429, 500, 502, 503, 504, 529})
    CHECK(error_of(status, body).fault() == Fault::unavailable);
  CHECK_THAT(error_of(401, body).next_step(), ContainsSubstring("api.key_file"));
  CHECK_THAT(error_of(403, body).next_step(), ContainsSubstring("/user_management/users"));
}

TEST_CASE("a code that is known decides before the status what helps and whose fault it is") {
  for (const Told& told : {
           // The first documentation's
           Told{400, "invalid_request", Fault::bad_data, "Correct the parameter"},
           {400, "invalid_email", Fault::bad_data, "Correct the address"},
           {400, "invalid_password", Fault::bad_data, "Choose a longer"},
           {400, "duplicate_email", Fault::bad_data, "Use another address"},
           {409, "user_already_exists", Fault::bad_data, "memberships.create"},
           {401, "invalid_credentials", Fault::bad_data, "password_reset.create"},
           {401, "invalid_api_key", Fault::refused, "api.key_file"},
           {401, "expired_token", Fault::bad_data, "device.authorize"},
           {403, "insufficient_permissions", Fault::refused, "Give the API key the permission"},
           {403, "organization_membership_required", Fault::bad_data, "memberships.list"},
           {404, "user_not_found", Fault::bad_data, "Check the id"},
           {404, "organization_not_found", Fault::bad_data, "Check the id"},
           {404, "invitation_not_found", Fault::bad_data, "Check the id"},
           {409, "membership_already_exists", Fault::bad_data, "memberships.list"},
           {422, "email_verification_required", Fault::bad_data, "authenticate.email_verification"},
           {422, "mfa_enrollment_required", Fault::bad_data, "factors.create"},
           {422, "sso_required", Fault::bad_data, "authorization.url"},
           {429, "rate_limit_exceeded", Fault::unavailable, "max_requests_per_second"},
           {500, "internal_error", Fault::unavailable, "request id"},
           // Today's
           {422, "invalid_request_parameters", Fault::bad_data, "Correct the parameter"},
           {400, "user_creation_error", Fault::bad_data, "the listed errors"},
           {400, "password_strength_error", Fault::bad_data, "Choose a longer"},
           {400, "email_not_available", Fault::bad_data, "Use another address"},
           {400, "user_already_exists", Fault::bad_data, "memberships.create"},
           {400, "invalid_credentials", Fault::bad_data, "password_reset.create"},
           {401, "unauthorized", Fault::refused, "api.key_file"},
           {401, "Unauthorized", Fault::refused, "api.key_file"},
           {401, "", Fault::refused, "api.key_file"},
           {401, "of_tomorrow", Fault::refused, "api.key_file"},
           {400, "expired_token", Fault::bad_data, "device.authorize"},
           {403, "", Fault::refused, "Give the API key the permission"},
           {403, "Forbidden", Fault::refused, "Give the API key the permission"},
           {403, "of_tomorrow", Fault::bad_data, "whoever signs in"},
           {400, "organization_membership_not_found", Fault::bad_data, "memberships.list"},
           {404, "", Fault::bad_data, "Check the id"},
           {404, "entity_not_found", Fault::bad_data, "Check the id"},
           {409, "organization_membership_already_exists", Fault::bad_data, "memberships.list"},
           {400, "cannot_reactivate_pending_organization_membership", Fault::bad_data, "memberships.list"},
           {403, "email_verification_required", Fault::bad_data, "authenticate.email_verification"},
           {403, "mfa_enrollment", Fault::bad_data, "factors.create"},
           {400, "sso_required", Fault::bad_data, "authorization.url"},
           {429, "", Fault::unavailable, "max_requests_per_second"},
           {429, "daily_quota_exceeded", Fault::unavailable, "until tomorrow"},
           {500, "server_error", Fault::unavailable, "request id"},
           // More that a sign-in, a password reset and a device are refused with
           {403, "mfa_challenge", Fault::bad_data, "factors.challenge"},
           {403, "organization_selection_required", Fault::bad_data, "authenticate.organization"},
           {403, "radar_challenge", Fault::bad_data, "authenticate.radar_email"},
           {403, "radar_sms_sign_in_challenge", Fault::bad_data, "authenticate.radar_sms"},
           {403, "radar_sign_up_challenge", Fault::bad_data, "screen_hint=sign-up"},
           {403, "authentication_method_not_allowed", Fault::bad_data, "another way to sign in"},
           {403, "email_password_auth_disabled", Fault::bad_data, "another way to sign in"},
           {403, "application_consent_required", Fault::bad_data, "provider=authkit"},
           {403, "passkey_progressive_enrollment", Fault::bad_data, "provider=authkit"},
           {403, "password_reset_not_allowed", Fault::bad_data, "magic_auth.create"},
           {403, "access_denied", Fault::bad_data, "device.authorize"},
       }) {
    INFO(told.status << " " << told.code);
    for (const char* name : {"code", "error"}) {
      const ApiError error = sign_in_error(told, name);
      CHECK(error.fault() == told.fault);
      CHECK_THAT(error.next_step(), ContainsSubstring(told.step));
    }
  }
}

TEST_CASE("an unknown code of a list that may not be read speaks of the key") {
  const ApiError error = error_of(403, R"({"code":"of_tomorrow","message":"x"})");
  CHECK(error.fault() == Fault::refused);
  CHECK_THAT(error.next_step(), ContainsSubstring("Give the API key the permission to read"));
}

TEST_CASE("an answer that WorkOS did not write says what came instead") {
  const ApiError html = error_of(502, "<html><body>Bad gateway</body></html>", {{"content-type", "text/html"}});
  CHECK_FALSE(html.from_workos());
  CHECK_THAT(html.what(), ContainsSubstring("an HTML page"));
  const ApiError page = error_of(200, "<!doctype html>", {{"content-type", "text/html"}});
  CHECK(page.fault() == Fault::unavailable);
  CHECK_THAT(page.next_step(), ContainsSubstring("api.base_url"));
  CHECK_THAT(error_of(200, "").what(), ContainsSubstring("an empty body"));
  // Not an object that is gone: nobody who knows said so.
  CHECK_FALSE(error_of(404, "<html>", {{"content-type", "text/html"}}).from_workos());
  CHECK_FALSE(error_of(404, R"({"path":"/"})", {{"content-type", "application/json"}}).from_workos());
}

TEST_CASE("a redirect names the host that it leads to and not the whole address") {
  const ApiError error = error_of(302, "", {{"location", "https://login.example/?session=abc"}});
  CHECK(error.fault() == Fault::unavailable);
  CHECK_THAT(error.what(), ContainsSubstring("login.example") && !ContainsSubstring("abc"));
  CHECK_THAT(error.next_step(), ContainsSubstring("api.base_url"));
  CHECK_THAT(error_of(301, "").what(), ContainsSubstring("redirect"));
}

TEST_CASE("no error repeats the key, an email address or control characters") {
  const ApiError error =
      error_of(401, R"({"message":"Key sk_test_12345 of <eve@example.com> is\u001b[31m bad\nreally"})");
  const std::string text = error.what();
  CHECK_THAT(text, !ContainsSubstring(key) && !ContainsSubstring("eve@") && !ContainsSubstring("\x1b"));
  CHECK(text.find('\n') == std::string::npos);
  CHECK(presentable(std::string(1000, 'x'), "").size() < 310);
  std::string cut_in_character(299, 'x');
  cut_in_character += "ü";
  CHECK(presentable(cut_in_character, "").substr(295) == "xxxx...");
}

TEST_CASE("only a 2xx with JSON is a success") {
  const auto success = [](int status, const std::string& type, const std::string& body) {
    return is_json_success({status, {{"content-type", type}}, body});
  };
  CHECK(success(200, "application/json; charset=utf-8", "{}"));
  CHECK_FALSE(success(200, "application/json", " \n"));
  CHECK_FALSE(success(200, "text/html", "{}"));
  CHECK_FALSE(success(302, "application/json", "{}"));
  CHECK(is_json_success({200, {}, "{}"}));
  CHECK_FALSE(is_json_success({200, {}, "<html>"}));
}
