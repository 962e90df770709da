#include "api/operation.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "api/error_advice.hpp"
#include "api/operation_call.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"

namespace {

using namespace mirror;
using namespace mirror::api;
using mirror::harness::caught_error;

const Identity identity{Secret("sk_test_1"), false, "idem_1"};

ApiCall call_of(const std::string& operation, const OperationValues& values, const Identity& who = identity) {
  return make_call(find_operation(operation), values, who);
}

/// What is wrong with it; the request is never built.
std::string problem_of(const std::string& operation, const OperationValues& values) {
  const Error error = caught_error([&] { (void)call_of(operation, values); });
  CHECK(error.fault() == Fault::usage);
  CHECK_THAT(error.next_step(), ContainsSubstring("api " + operation + " --help"));
  return error.what();
}

std::vector<std::string> placeholders(std::string_view path) {
  std::vector<std::string> names;
  for (auto begin = path.find('{'); begin != std::string_view::npos; begin = path.find('{', begin + 1)) {
    names.emplace_back(path.substr(begin + 1, path.find('}', begin) - begin - 1));
  }
  return names;
}

}  // namespace

TEST_CASE("the catalogue is sound: names are unique, paths and parameters fit together, and all has a text") {
  std::set<std::string_view> names;
  for (const Operation& operation : operations()) {
    INFO(operation.name);
    CHECK(names.insert(operation.name).second);
    CHECK_FALSE(operation.summary.empty());
    CHECK(operation.path.starts_with("/"));
    std::vector<std::string> in_path;
    std::set<std::string_view> parameters;
    for (const Parameter& parameter : operation.parameters) {
      INFO(parameter.name);
      CHECK(parameters.insert(parameter.name).second);
      CHECK((!parameter.meaning.empty() || !parameter.constant.empty()));
      CHECK((parameter.place != Place::body || operation.method != "GET"));
      CHECK((parameter.place != Place::path || parameter.required));
      if (parameter.place == Place::path) in_path.emplace_back(parameter.name);
      const bool is_told = parameter.required && operation.example.find(parameter.name) == std::string_view::npos;
      CHECK((!is_told || parameter.name == "client_id" || !parameter.constant.empty()));
    }
    CHECK(in_path == placeholders(operation.path));
    for (const ParameterRule& rule : operation.rules) {
      for (const auto name : rule.names) CHECK(operation.find(name) != nullptr);
    }
  }
}

TEST_CASE("a request is built with its values where they belong, encoded") {
  const ApiCall list =
      call_of("memberships.list", {{"organization_id", "org 1/&"}, {"statuses", {"active", "pending"}}});
  CHECK(list.method == "GET");
  CHECK(list.target ==
        "/user_management/organization_memberships?organization_id=org%201%2F%26&statuses=active,pending");
  CHECK(list.body.empty());

  const ApiCall update =
      call_of("users.update", {{"id", "user_1/../x?"}, {"first_name", nullptr}, {"email_verified", true}});
  CHECK(update.target == "/user_management/users/user_1%2F..%2Fx%3F");
  CHECK(update.body == R"({"first_name":null,"email_verified":true})");

  CHECK(call_of("invitations.resend", {{"id", "invitation_1"}}).body == "{}");
  CHECK(call_of("invitations.revoke", {{"id", "invitation_1"}}).body.empty());
  CHECK(call_of("authorization.url", {{"client_id", "client_1"},
                                      {"redirect_uri", "http://localhost/?a=b"},
                                      {"provider", "authkit"},
                                      {"provider_query_params", {{"hd", "a b"}}}})
            .target ==
        "/user_management/authorize?client_id=client_1&redirect_uri=http%3A%2F%2Flocalhost%2F%3Fa%3Db"
        "&response_type=code&provider=authkit&provider_query_params%5Bhd%5D=a%20b");
  CHECK_THAT(call_of("authorization.url", {{"client_id", "client_1"},
                                           {"redirect_uri", "http://localhost/"},
                                           {"provider", "authkit"},
                                           {"organization_id", "org_1"}})
                 .target,
             ContainsSubstring("&provider=authkit&organization_id=org_1"));
}

TEST_CASE("each caller shows what the API wants of it and nothing more") {
  const auto body_of = [](const ApiCall& call) { return nlohmann::json::parse(call.body); };
  const OperationValues code{{"client_id", "client_1"}, {"code", "c"}};
  const ApiCall confidential = call_of("authenticate.code", code);
  CHECK(confidential.shows_key);
  CHECK(body_of(confidential) == nlohmann::json{{"client_id", "client_1"},
                                                {"grant_type", "authorization_code"},
                                                {"code", "c"},
                                                {"client_secret", "sk_test_1"}});
  Identity public_client = identity;
  public_client.is_public = true;
  const ApiCall without_secret = call_of("authenticate.code", code, public_client);
  CHECK_FALSE(without_secret.shows_key);
  CHECK_FALSE(body_of(without_secret).contains("client_secret"));
  CHECK(make_request(without_secret, identity.key).headers.front().first == "User-Agent");
  const OperationValues client{{"client_id", "client_1"}};
  CHECK(call_of("device.authorize", client).body == R"({"client_id":"client_1"})");
  CHECK(call_of("device.authorize", client).shows_key);
  for (const Identity& who : {public_client, Identity{}}) {
    CHECK_FALSE(call_of("device.authorize", client, who).shows_key);
    const ApiCall poll = call_of("authenticate.device", {{"client_id", "client_1"}, {"device_code", "d"}}, who);
    CHECK_FALSE(poll.shows_key);
    CHECK_FALSE(body_of(poll).contains("client_secret"));
  }
  CHECK_FALSE(call_of("sso.token", code).shows_key);
  CHECK(body_of(call_of("sso.token", code))["client_secret"] == "sk_test_1");
  CHECK(caught_error([&] { (void)call_of("users.get", {{"id", "user_1"}}, public_client); }).fault() == Fault::usage);
}

TEST_CASE("what is wrong with the values is said before any request, all of it at once") {
  const std::string several = problem_of("invitations.create", {{"emial", "a@b.example"}, {"expires_in_days", 31}});
  CHECK_THAT(several, ContainsSubstring("no \"emial\", did you mean \"email\"?"));
  CHECK_THAT(several, ContainsSubstring("expires_in_days has to be a whole number from 1 to 30"));
  CHECK_THAT(several, ContainsSubstring("email is missing"));
  CHECK_THAT(problem_of("authorization.url", {{"client_id", "client_1"}, {"redirect_uri", "http://localhost/"}}),
             ContainsSubstring("it needs provider, connection_id or organization_id"));
  CHECK_THAT(problem_of("memberships.list", {}), ContainsSubstring("organization_id or user_id"));
  CHECK_THAT(problem_of("memberships.list", {{"user_id", "u"}, {"statuses", {"gone"}}}),
             ContainsSubstring("a list of active, inactive, pending"));
  CHECK_THAT(problem_of("memberships.update", {{"id", "om_1"}, {"role_slug", "a"}, {"role_slugs", {"b"}}}),
             ContainsSubstring("exclude each other"));
  CHECK_THAT(problem_of("users.create", {{"email", "a"}, {"password_hash", "h"}}),
             ContainsSubstring("password_hash_type"));
  CHECK_THAT(problem_of("users.get", {{"id", ".."}}), ContainsSubstring("id has to be"));
  CHECK_THAT(problem_of("users.get", {{"id", nullptr}}), ContainsSubstring("id has to be"));
  CHECK_THAT(problem_of("authenticate.password", {{"grant_type", "x"}}), ContainsSubstring("no \"grant_type\""));
  CHECK_THAT(caught_error([] { (void)find_operation("user.get"); }).what(),
             ContainsSubstring("did you mean \"users.get\"?"));
}

TEST_CASE("a text is read as what the parameter is, and a secret's text is never repeated") {
  const auto read = [](const char* operation, const char* name, const std::string& text) {
    return value_from_text(find_parameter(find_operation(operation), name), text);
  };
  CHECK(read("users.list", "limit", "100") == 100);
  CHECK(read("users.update", "email_verified", "true") == true);
  CHECK(read("users.update", "external_id", "42") == "42");
  CHECK(read("events.list", "events", "a,b") == OperationValues{"a", "b"});
  CHECK(read("users.update", "metadata", R"({"plan":null})") == OperationValues{{"plan", nullptr}});
  for (const auto& [name, text] : {std::pair{"limit", "101"}, {"limit", "1x"}, {"limit", ""}, {"order", "up"}}) {
    CHECK(caught_error([&] { (void)read("users.list", name, text); }).fault() == Fault::usage);
  }
  for (const char* text : {"yes", "1", ""}) CHECK_THROWS_AS(read("users.update", "email_verified", text), Error);
  for (const char* text : {R"({"a":"b","seats":5})", R"({"seats":{"a":"b"}})", R"({"seats":["a"]})"}) {
    CHECK_THAT(caught_error([&] { (void)read("users.update", "metadata", text); }).what(),
               ContainsSubstring("metadata has to be a JSON object of texts and nulls, but \"seats\" is"));
  }
  CHECK_THAT(problem_of("organizations.update", {{"id", "org_1"}, {"metadata", {{"plan", true}}}}),
             ContainsSubstring("but \"plan\" is"));
  CHECK_THROWS_AS(read("authorization.url", "provider_query_params", R"({"hd":null})"), Error);
  for (const char* text : {"{", "[]", "\"x\""}) CHECK_THROWS_AS(read("users.update", "metadata", text), Error);
  CHECK_THROWS_AS(read("organizations.create", "domain_data", "{}"), Error);
}

TEST_CASE("a request that is shown hides the key and every secret, in path and body") {
  const OperationValues reset{{"token", "tok_1"}, {"new_password", "p4ss"}};
  CHECK(make_shown_call(find_operation("password_reset.confirm"), reset, identity).body ==
        R"({"token":"***","new_password":"***"})");
  const Operation& by_token = find_operation("invitations.get_by_token");
  CHECK(make_shown_call(by_token, {{"token", "tok_1"}}, identity).target ==
        "/user_management/invitations/by_token/***");
  CHECK(make_call(by_token, {{"token", "tok_1"}}, identity).shown_target ==
        "/user_management/invitations/by_token/***");
  const ApiCall sso =
      make_shown_call(find_operation("sso.token"), {{"client_id", "client_1"}, {"code", "c"}}, identity);
  CHECK_THAT(sso.body, !ContainsSubstring("sk_test_1") && ContainsSubstring(R"("client_secret":"***")"));
}

TEST_CASE("only what may be sent twice is repeatable, and POSTs carry their idempotency key") {
  CHECK(call_of("users.create", {{"email", "a"}}).is_repeatable);
  CHECK(call_of("users.create", {{"email", "a"}}).idempotency_key == "idem_1");
  CHECK(call_of("users.delete", {{"id", "user_1"}}).is_repeatable);
  CHECK(call_of("users.delete", {{"id", "user_1"}}).idempotency_key.empty());
  CHECK_FALSE(call_of("invitations.resend", {{"id", "invitation_1"}}).is_repeatable);
  CHECK(new_idempotency_key() != new_idempotency_key());
}

TEST_CASE("codes of the first documentation and of today's API both have cause and fix") {
  for (const char* code : {"invalid_request",
                           "invalid_request_parameters",
                           "invalid_email",
                           "user_creation_error",
                           "invalid_password",
                           "password_strength_error",
                           "duplicate_email",
                           "user_already_exists",
                           "email_not_available",
                           "invalid_credentials",
                           "invalid_api_key",
                           "unauthorized",
                           "expired_token",
                           "insufficient_permissions",
                           "organization_membership_required",
                           "organization_membership_not_found",
                           "user_not_found",
                           "organization_not_found",
                           "invitation_not_found",
                           "entity_not_found",
                           "membership_already_exists",
                           "organization_membership_already_exists",
                           "cannot_reactivate_pending_organization_membership",
                           "email_verification_required",
                           "mfa_enrollment_required",
                           "mfa_enrollment",
                           "sso_required",
                           "rate_limit_exceeded",
                           "internal_error",
                           "server_error"}) {
    INFO(code);
    const ErrorAdvice* advice = find_advice(code);
    REQUIRE(advice != nullptr);
    CHECK_FALSE(advice->cause.empty());
    CHECK_FALSE(advice->fix.empty());
  }
  CHECK(find_advice("of_tomorrow") == nullptr);
  CHECK(find_advice("") == nullptr);
}
