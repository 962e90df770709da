// Every operation of the catalogue is carried out: by the official emulator, or by the simulator where that one lacks
// it.

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "api/operation_answers.hpp"
#include "tests/catch.hpp"
#include "tests/conformance/emulator.hpp"
#include "tests/simulator/simulator.hpp"

namespace mirror::conformance {
namespace {

using Json = nlohmann::ordered_json;

enum class At { emulator, simulator };

/// One call. `values` may name what an earlier call kept as $name; `keeps` says what of the answer, by JSON pointer.
struct Case {
  std::string_view operation;
  At at;
  Json values;
  std::map<std::string, std::string> keeps = {};
};

const std::string client = "client_1";
const std::string password = "correct horse battery 7";

/// In the order of their lives: what is made first is needed later, and goes at the end.
std::vector<Case> emulator_cases() {
  constexpr At at = At::emulator;
  const Json self{{"client_id", client}};
  return {
      {"organizations.create", at, {{"name", "Acme"}, {"external_id", "o1"}}, {{"org", "/id"}}},
      {"organizations.get", at, {{"id", "$org"}}, {{"org", "/id"}}},
      {"organizations.get_by_external_id", at, {{"external_id", "o1"}}, {{"org", "/id"}}},
      {"organizations.update", at, {{"id", "$org"}, {"metadata", {{"plan", "pro"}}}}, {{"plan", "/metadata/plan"}}},
      {"organizations.list", at, Json::object(), {{"org", "/data/0/id"}}},
      {"domains.create", at, {{"domain", "acme.example"}, {"organization_id", "$org"}}, {{"domain", "/id"}}},
      {"domains.get", at, {{"id", "$domain"}}, {{"domain", "/id"}}},
      {"domains.verify", at, {{"id", "$domain"}}, {{"domain", "/id"}}},
      {"domains.delete", at, {{"id", "$domain"}}},
      {"users.create",
       at,
       {{"email", "ada@acme.example"}, {"password", password}, {"external_id", "u1"}, {"email_verified", true}},
       {{"user", "/id"}}},
      {"users.get", at, {{"id", "$user"}}, {{"user", "/id"}}},
      {"users.get_by_external_id", at, {{"external_id", "u1"}}, {{"user", "/id"}}},
      {"users.update", at, {{"id", "$user"}, {"first_name", "Ada"}}, {{"name", "/first_name"}}},
      {"users.list", at, {{"email", "ada@acme.example"}}, {{"user", "/data/0/id"}}},
      {"users.identities", at, {{"id", "$user"}}, {{"identities", "/data"}}},
      {"memberships.create", at, {{"user_id", "$user"}, {"organization_id", "$org"}}, {{"membership", "/id"}}},
      {"memberships.get", at, {{"id", "$membership"}}, {{"membership", "/id"}}},
      {"memberships.list", at, {{"organization_id", "$org"}}, {{"membership", "/data/0/id"}}},
      {"memberships.update", at, {{"id", "$membership"}, {"role_slug", "admin"}}, {{"role", "/role/slug"}}},
      {"memberships.deactivate", at, {{"id", "$membership"}}, {{"status", "/status"}}},
      {"memberships.reactivate", at, {{"id", "$membership"}}, {{"status", "/status"}}},
      {"authenticate.password",
       at,
       {{"client_id", client}, {"email", "ada@acme.example"}, {"password", password}},
       {{"refresh", "/refresh_token"}}},
      {"authenticate.refresh",
       at,
       {{"client_id", client}, {"refresh_token", "$refresh"}},
       {{"token", "/access_token"}}},
      {"sessions.list", at, {{"id", "$user"}}, {{"session", "/data/0/id"}}},
      {"sessions.revoke", at, {{"session_id", "$session"}}},
      {"authorization.url",
       at,
       {{"client_id", client},
        {"redirect_uri", "http://localhost/callback"},
        {"provider", "authkit"},
        {"login_hint", "ada@acme.example"}}},
      {"authenticate.code", at, {{"client_id", client}, {"code", "$browser_code"}}, {{"token", "/access_token"}}},
      {"device.authorize", at, self, {{"device", "/device_code"}}},
      {"authenticate.device", at, {{"client_id", client}, {"device_code", "$device"}}, {{"token", "/access_token"}}},
      {"magic_auth.create", at, {{"email", "ada@acme.example"}}, {{"magic", "/id"}}},
      {"magic_auth.get", at, {{"id", "$magic"}}, {{"code", "/code"}}},
      {"authenticate.magic_auth",
       at,
       {{"client_id", client}, {"email", "ada@acme.example"}, {"code", "$code"}},
       {{"token", "/access_token"}}},
      {"email_verification.send", at, {{"id", "$user"}}, {{"verification", "/id"}}},
      {"email_verification.get", at, {{"id", "$verification"}}, {{"code", "/code"}}},
      {"email_verification.confirm", at, {{"id", "$user"}, {"code", "$code"}}, {{"user", "/id"}}},
      {"password_reset.create", at, {{"email", "ada@acme.example"}}, {{"reset", "/id"}}},
      {"password_reset.get", at, {{"id", "$reset"}}, {{"token", "/token"}}},
      {"password_reset.confirm",
       at,
       {{"token", "$token"}, {"new_password", "another horse 8"}},
       {{"user", "/user/id"}}},
      {"factors.create", at, {{"id", "$user"}, {"type", "totp"}}, {{"factor", "/id"}}},
      {"factors.list", at, {{"id", "$user"}}, {{"factor", "/data/0/id"}}},
      {"factors.get", at, {{"id", "$factor"}}, {{"factor", "/id"}}},
      {"factors.challenge", at, {{"id", "$factor"}}, {{"challenge", "/id"}}},
      {"factors.delete", at, {{"id", "$factor"}}},
      {"invitations.create", at, {{"email", "bob@acme.example"}, {"organization_id", "$org"}}, {{"invitation", "/id"}}},
      {"invitations.get", at, {{"id", "$invitation"}}, {{"token", "/token"}}},
      {"invitations.get_by_token", at, {{"token", "$token"}}, {{"invitation", "/id"}}},
      {"invitations.list", at, {{"email", "bob@acme.example"}}, {{"invitation", "/data/0/id"}}},
      {"invitations.resend", at, {{"id", "$invitation"}}, {{"invitation", "/id"}}},
      {"invitations.accept", at, {{"id", "$invitation"}}, {{"state", "/state"}}},
      {"invitations.create", at, {{"email", "eve@acme.example"}}, {{"invitation", "/id"}}},
      {"invitations.revoke", at, {{"id", "$invitation"}}, {{"state", "/state"}}},
      {"events.list", at, {{"events", {"user.created"}}, {"order", "asc"}}, {{"event", "/data/0/id"}}},
      {"webhook_endpoints.create",
       at,
       {{"endpoint_url", "https://acme.example/hook"}, {"events", {"user.created"}}},
       {{"endpoint", "/id"}, {"secret", "/secret"}}},
      {"webhook_endpoints.list", at, Json::object(), {{"endpoint", "/data/0/id"}}},
      {"webhook_endpoints.delete", at, {{"id", "$endpoint"}}},
      {"memberships.delete", at, {{"id", "$membership"}}},
      {"users.delete", at, {{"id", "$user"}}},
      {"organizations.delete", at, {{"id", "$org"}}},
  };
}

/// A grant that goes on with a pending sign-in.
Case pending(std::string_view operation, Json more) {
  Json values{{"client_id", client}, {"pending_authentication_token", simulator::pending_token}};
  values.update(more);
  return {operation, At::simulator, std::move(values), {{"token", "/access_token"}}};
}

std::vector<Case> simulator_cases() {
  constexpr At at = At::simulator;
  const std::string code = simulator::one_time_code;
  return {
      {"users.list", at, Json::object(), {{"user", "/data/0/id"}}},
      {"email_change.send", at, {{"id", "$user"}, {"new_email", "new@acme.example"}}, {{"email", "/new_email"}}},
      {"email_change.confirm", at, {{"id", "$user"}, {"code", code}}, {{"email", "/user/email"}}},
      {"factors.enroll", at, {{"type", "totp"}, {"totp_issuer", "Acme"}, {"totp_user", "ada"}}, {{"factor", "/id"}}},
      {"factors.challenge", at, {{"id", "$factor"}}, {{"challenge", "/id"}}},
      {"challenges.verify", at, {{"id", "$challenge"}, {"code", code}}, {{"valid", "/valid"}}},
      {"sso.token", at, {{"client_id", client}, {"code", simulator::sso_code}}, {{"profile", "/profile/id"}}},
      pending("authenticate.email_verification", {{"code", code}}),
      pending("authenticate.totp", {{"code", code}, {"authentication_challenge_id", "$challenge"}}),
      pending("authenticate.radar_email", {{"code", code}, {"radar_challenge_id", "radar_1"}}),
      pending("authenticate.radar_sms", {{"code", code}, {"verification_id", "v_1"}, {"phone_number", "+15005550006"}}),
      pending("authenticate.organization", {{"organization_id", "org_1"}}),
      {"webhook_endpoints.create",
       at,
       {{"endpoint_url", "https://acme.example/hook"}, {"events", {"user.created"}}},
       {{"endpoint", "/id"}}},
      {"webhook_endpoints.update", at, {{"id", "$endpoint"}, {"status", "disabled"}}, {{"status", "/status"}}},
  };
}

/// Carries cases out against one server, and remembers what they keep.
class Run {
 public:
  Run(std::string base_url, std::string_view key) : identity_{Secret(std::string(key)), false, ""} {
    api::ApiOptions options;
    options.base_url = std::move(base_url);
    options.key = identity_.key;
    options.max_requests_per_second = 1'000;
    client_ = api::make_api_client(options, clock_);
  }

  Json carry_out(const Case& test) {
    identity_.idempotency_key = api::new_idempotency_key();
    const Json answer = api::send_call(*client_, call(test), {});
    for (const auto& [name, pointer] : test.keeps) keep(name, answer.at(Json::json_pointer(pointer)));
    return answer;
  }
  [[nodiscard]] api::ApiCall call(const Case& test) const {
    Json values = test.values;
    for (auto& value : values) value = filled(value);
    return api::make_call(api::find_operation(test.operation), values, identity_);
  }
  void keep(const std::string& name, Json value) { kept_["$" + name] = std::move(value); }
  [[nodiscard]] const Json& kept(const std::string& name) const { return kept_.at("$" + name); }

 private:
  [[nodiscard]] Json filled(const Json& value) const {
    const auto found = value.is_string() ? kept_.find(value.get<std::string>()) : kept_.end();
    return found == kept_.end() ? value : found->second;
  }

  SystemClock clock_;
  api::Identity identity_;
  std::shared_ptr<api::ApiClient> client_;
  std::map<std::string, Json> kept_;
};

/// Opens the address like a browser and comes back with the code.
std::string code_from_browser(const Emulator& emulator, const std::string& target) {
  const Answer answer = emulator.call("GET", target);
  const auto begin = answer.location.find("code=");
  REQUIRE(begin != std::string::npos);
  return answer.location.substr(begin + 5, answer.location.find('&', begin) - begin - 5);
}

}  // namespace

TEST_CASE("every operation of the catalogue succeeds, against the emulator or where that lacks it the simulator") {
  std::set<std::string_view> done;
  const Emulator emulator;
  Run at_emulator(emulator.base_url(), Emulator::api_key());
  for (const Case& test : emulator_cases()) {
    INFO(test.operation);
    done.insert(test.operation);
    if (test.operation == "authorization.url") {
      at_emulator.keep("browser_code", code_from_browser(emulator, at_emulator.call(test).target));
      continue;
    }
    REQUIRE_NOTHROW(at_emulator.carry_out(test));
  }
  CHECK(at_emulator.kept("plan") == "pro");
  CHECK(at_emulator.kept("name") == "Ada");
  CHECK(at_emulator.kept("role") == "admin");
  CHECK(at_emulator.kept("status") == "active");
  CHECK(at_emulator.kept("state") == "revoked");

  simulator::Simulator workos({.directory = {.organizations = 2, .users = 10, .memberships = 10, .invitations = 2}});
  workos.start();
  Run at_simulator(workos.url(), workos.options().api_key);
  for (const Case& test : simulator_cases()) {
    INFO(test.operation);
    done.insert(test.operation);
    REQUIRE_NOTHROW(at_simulator.carry_out(test));
  }
  CHECK(at_simulator.kept("email") == "new@acme.example");
  CHECK(at_simulator.kept("valid") == true);
  CHECK(at_simulator.kept("status") == "disabled");

  for (const auto& operation : api::operations()) {
    INFO(operation.name << " has no case");
    CHECK(done.contains(operation.name));
  }
}

}  // namespace mirror::conformance
