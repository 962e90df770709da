#include "tests/simulator/sign_in.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "tests/simulator/api_failure.hpp"
#include "tests/simulator/objects.hpp"

namespace mirror::simulator {
namespace {

/// A grant type behind a pending sign-in and what it wants besides client, secret and pending token.
struct Grant {
  const char* type;
  std::vector<const char*> members;
};

const std::array<Grant, 5>& grants() {
  static const std::array<Grant, 5> all{
      Grant{"urn:workos:oauth:grant-type:email-verification:code", {"code"}},
      Grant{"urn:workos:oauth:grant-type:mfa-totp", {"code", "authentication_challenge_id"}},
      Grant{"urn:workos:oauth:grant-type:radar-email-challenge:code", {"code", "radar_challenge_id"}},
      Grant{"urn:workos:oauth:grant-type:radar-sms-challenge:code", {"code", "verification_id", "phone_number"}},
      Grant{"urn:workos:oauth:grant-type:organization-selection", {"organization_id"}}};
  return all;
}

std::string required(const Json& body, const char* key) {
  std::string value = text_of(body, key);
  if (value.empty()) throw failure(422, std::string{"Validation failed: "} + key, "invalid_request_parameters");
  return value;
}

ApiFailure oauth_failure(const char* error, const char* description) {
  return {400, Json{{"error", error}, {"error_description", description}}.dump()};
}

void require_client(const Json& body, const std::string& api_key) {
  required(body, "client_id");
  if (text_of(body, "client_secret") != api_key) throw oauth_failure("invalid_client", "Invalid client ID or secret.");
}

void require_code(const Json& body, const char* expected, const char* refusal) {
  if (required(body, "code") != expected) throw failure(400, "The code is wrong.", refusal);
}

/// Whoever signs in, it is the first user.
Answer authenticate(Store& store, const Json& body, const std::string& api_key) {
  const std::string type = text_of(body, "grant_type");
  if (type == "urn:ietf:params:oauth:grant-type:device_code") {
    required(body, "device_code");
    throw oauth_failure("authorization_pending", "The authorization request is still pending.");
  }
  for (const Grant& grant : grants()) {
    if (grant.type != type) continue;
    require_client(body, api_key);
    for (const char* member : grant.members) required(body, member);
    if (grant.members.front() == std::string_view{"code"}) require_code(body, one_time_code, "invalid_one_time_code");
    if (required(body, "pending_authentication_token") != pending_token) {
      throw failure(400, "Unknown token.", "invalid_pending_authentication_token");
    }
    const auto user = Json::parse(store.truth("users").front());
    return json_answer(
        200, Json{{"user", user}, {"access_token", "access_simulator"}, {"refresh_token", "refresh_simulator"}}.dump());
  }
  throw oauth_failure("unsupported_grant_type", "The grant type is not supported.");
}

Answer exchange_sso_code(const Json& body, const std::string& api_key) {
  require_client(body, api_key);
  if (text_of(body, "grant_type") != "authorization_code" || text_of(body, "code") != sso_code) {
    throw oauth_failure("invalid_grant", "The code has expired or has already been used.");
  }
  const Json profile{{"object", "profile"},
                     {"id", "prof_simulator"},
                     {"connection_id", "conn_simulator"},
                     {"connection_type", "TestIdp"},
                     {"idp_id", "1"},
                     {"email", "sso@example.com"},
                     {"organization_id", nullptr},
                     {"raw_attributes", Json::object()}};
  return json_answer(
      200,
      Json{{"token_type", "Bearer"}, {"access_token", "access_simulator"}, {"expires_in", 600}, {"profile", profile}}
          .dump());
}

/// A client that can keep no secret may ask as well. Nobody will ever approve it; the codes of one client expire soon.
Answer authorize_device(const Json& body) {
  const bool is_hurried = required(body, "client_id") == "client_hurried";
  return json_answer(200, Json{{"device_code", "device_simulator"},
                               {"user_code", "ABCD-EFGH"},
                               {"verification_uri", "https://simulator.example/device"},
                               {"expires_in", is_hurried ? 1 : 300},
                               {"interval", is_hurried ? 1 : 5}}
                              .dump());
}

Json stamped(Json object, Instant now) {
  object["created_at"] = timestamp(now);
  object["updated_at"] = timestamp(now);
  return object;
}

}  // namespace

std::optional<Answer> SignIn::answer(Store& store, const Request& request, const std::vector<std::string>& path,
                                     const std::string& api_key) {
  if (request.method != "POST") return std::nullopt;
  const auto body = [&] { return request.body.empty() ? Json::object() : Json::parse(request.body); };
  if (request.path == "/sso/token") return exchange_sso_code(body(), api_key);
  if (request.path == "/user_management/authorize/device") return authorize_device(body());
  if (request.path == "/user_management/authenticate") return authenticate(store, body(), api_key);
  if (request.path == "/auth/factors/enroll") return enroll(store, body());
  if (path.size() == 4 && path[0] == "auth" && path[1] == "factors" && path[3] == "challenge") {
    return challenge(store, path[2]);
  }
  if (path.size() == 4 && path[0] == "auth" && path[1] == "challenges" && path[3] == "verify") {
    return verify(path[2], body());
  }
  if (path.size() == 5 && path[1] == "users" && path[3] == "email_change") {
    return change_address(store, path[2], path[4], body());
  }
  return std::nullopt;
}

Answer SignIn::change_address(Store& store, const std::string& user, const std::string& step, const Json& body) {
  if (store.find(Kind::users, user) == nullptr) throw not_found("User", user);
  if (step == "send") {
    wanted_addresses_[user] = required(body, "new_email");
    return json_answer(200, Json{{"object", "email_change"},
                                 {"user", store.object(Kind::users, user)},
                                 {"new_email", wanted_addresses_[user]},
                                 {"expires_at", timestamp(store.now())},
                                 {"created_at", timestamp(store.now())}}
                                .dump());
  }
  if (step != "confirm") throw failure(404, "Not Found");
  if (!wanted_addresses_.contains(user)) throw failure(409, "Nothing is pending.", "no_pending_email_change");
  require_code(body, one_time_code, "email_change_code_incorrect");
  store.update(Kind::users, user, {{"email", wanted_addresses_[user]}, {"email_verified", true}});
  wanted_addresses_.erase(user);
  return json_answer(200,
                     Json{{"object", "email_change_confirmation"}, {"user", store.object(Kind::users, user)}}.dump());
}

Answer SignIn::enroll(Store& store, const Json& body) {
  const Json factor = stamped({{"object", "authentication_factor"},
                               {"id", store.ids().make("auth_factor_", store.now())},
                               {"type", required(body, "type")}},
                              store.now());
  factors_.insert(factor["id"].get<std::string>());
  return json_answer(201, factor.dump());
}

Answer SignIn::challenge(Store& store, const std::string& factor) {
  if (!factors_.contains(factor)) throw not_found("Authentication factor", factor);
  const Json challenge = stamped({{"object", "authentication_challenge"},
                                  {"id", store.ids().make("auth_challenge_", store.now())},
                                  {"authentication_factor_id", factor}},
                                 store.now());
  challenges_[challenge["id"]] = challenge.dump();
  return json_answer(201, challenge.dump());
}

Answer SignIn::verify(const std::string& challenge, const Json& body) {
  const auto found = challenges_.find(challenge);
  if (found == challenges_.end()) throw not_found("Authentication challenge", challenge);
  const bool is_valid = required(body, "code") == one_time_code;
  return json_answer(201, Json{{"challenge", Json::parse(found->second)}, {"valid", is_valid}}.dump());
}

}  // namespace mirror::simulator
