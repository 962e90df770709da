#include "api/operation_answers.hpp"

#include <map>
#include <nlohmann/json.hpp>

#include "api/api_error.hpp"
#include "api/device_approval.hpp"
#include "api/pkce.hpp"
#include "tests/api/scripted_transport.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/support/manual_clock.hpp"

namespace {

using namespace mirror;
using namespace mirror::api;
using namespace mirror::api::tests;
using namespace std::chrono_literals;
using mirror::harness::caught_error;
using mirror::tests::ManualClock;
using Json = nlohmann::ordered_json;

const std::stop_token never;
const Identity identity{Secret("sk_test_1"), false, "idem_1"};

struct Fixture {
  ManualClock clock{ManualClock::Waits::are_skipped};
  std::shared_ptr<ScriptedTransport> transport = std::make_shared<ScriptedTransport>();
  ApiClient client{options(), transport, clock};

  static ApiOptions options() {
    ApiOptions options;
    options.key = Secret("sk_test_1");
    return options;
  }

  Json send(const char* operation, const OperationValues& values) {
    return send_call(client, make_call(find_operation(operation), values, identity), never);
  }
  std::string header(std::size_t request, const char* name) {
    for (const auto& [key, value] : transport->requests.at(request).headers) {
      if (key == name) return value;
    }
    return {};
  }
  Json wait_for_device(const Json& authorization) {
    const OperationValues values{{"client_id", "client_1"}, {"device_code", authorization["device_code"]}};
    return wait_for_approval(client, authorization, make_call(find_operation("authenticate.device"), values, identity),
                             clock, never);
  }
};

HttpResponse empty_response(int status) {
  HttpResponse response = json_response(status, "");
  response.headers.erase(response.headers.begin());
  return response;
}

HttpResponse refusal(const char* error) {
  return json_response(400, Json{{"error", error}, {"error_description", "x"}}.dump());
}

}  // namespace

TEST_CASE("a create is repeated with the same idempotency key until it is answered") {
  Fixture fixture;
  fixture.transport->answer(json_response(503, R"({"message":"down"})"));
  fixture.transport->fail(Fault::unavailable);
  fixture.transport->answer(json_response(201, R"({"id":"user_1"})"));
  CHECK(fixture.send("users.create", {{"email", "a@b.example"}})["id"] == "user_1");
  REQUIRE(fixture.transport->requests.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(fixture.header(i, "Idempotency-Key") == "idem_1");
    CHECK(fixture.header(i, "Content-Type") == "application/json");
    CHECK(fixture.transport->requests[i].body == R"({"email":"a@b.example"})");
  }
}

TEST_CASE("a POST that may have been carried out is not repeated, one that was not is") {
  Fixture fixture;
  fixture.transport->answer(json_response(429, R"({"message":"Rate limit exceeded"})"));
  fixture.transport->answer(json_response(503, R"({"message":"down"})"));
  CHECK(caught_error([&] {
          fixture.send("invitations.resend", {{"id", "invitation_1"}});
        }).fault() == Fault::unavailable);
  CHECK(fixture.transport->requests.size() == 2);
}

TEST_CASE("an empty answer is a success where nothing has to come, and none for a read") {
  Fixture fixture;
  for (const int status : {200, 202, 204}) {
    fixture.transport->answer(empty_response(status));
    CHECK(fixture.send("users.delete", {{"id", "user_1"}}).is_null());
  }
  for (int i = 0; i < 6; ++i) fixture.transport->answer(empty_response(200));
  CHECK(caught_error([&] { fixture.send("users.get", {{"id", "user_1"}}); }).fault() == Fault::unavailable);
}

TEST_CASE("what the API refuses comes with cause and fix, its body for the caller, and no secret in the text") {
  Fixture fixture;
  fixture.transport->answer(json_response(
      403, R"({"code":"organization_selection_required","message":"Choose","pending_authentication_token":"tok_2"})"));
  try {
    fixture.send("authenticate.password", {{"client_id", "client_1"}, {"email", "a"}, {"password", "p4ss"}});
    FAIL("not refused");
  } catch (const ApiError& error) {
    CHECK(error.fault() == Fault::bad_data);
    CHECK_THAT(error.what(), ContainsSubstring("the user belongs to several organizations") &&
                                 !ContainsSubstring("p4ss") && !ContainsSubstring("tok_2"));
    CHECK_THAT(error.next_step(), ContainsSubstring("authenticate.organization"));
    CHECK(Json::parse(error.body())["pending_authentication_token"] == "tok_2");
  }
  fixture.transport->answer(json_response(404, R"({"message":"Invitation not found"})"));
  const Error error = caught_error([&] { fixture.send("invitations.get_by_token", {{"token", "tok_1"}}); });
  CHECK_THAT(error.what(), ContainsSubstring("/by_token/***") && !ContainsSubstring("tok_1"));
  CHECK_THAT(error.next_step(), ContainsSubstring("Check the id"));
}

TEST_CASE("a list is read to its end, and not forever if its cursor comes again") {
  Fixture fixture;
  const auto page = [](const char* id, const Json& after) {
    return json_response(200, Json{{"data", {{{"id", id}}}}, {"list_metadata", {{"after", after}}}}.dump());
  };
  std::string ids;
  const auto read = [&] {
    read_all(fixture.client, find_operation("users.list"), {{"email", "a"}}, identity, never, [&](const Json& item) {
      ids += item["id"].get<std::string>() + " ";
      return item["id"] != "user_9";
    });
  };
  fixture.transport->answer(page("user_1", "user_1"));
  fixture.transport->answer(page("user_2", nullptr));
  read();
  CHECK(ids == "user_1 user_2 ");
  CHECK(fixture.transport->requests[0].target == "/user_management/users?email=a&limit=100");
  CHECK(fixture.transport->requests[1].target == "/user_management/users?email=a&after=user_1&limit=100");

  fixture.transport->answer(page("user_9", "user_9"));
  read();
  CHECK(fixture.transport->requests.size() == 3);

  for (int i = 0; i < 2; ++i) fixture.transport->answer(page("user_1", "user_1"));
  CHECK_THAT(caught_error(read).what(), ContainsSubstring("same cursor twice"));
}

TEST_CASE("a device is asked for at its interval, slower when told so, until it is approved") {
  Fixture fixture;
  const Json authorization{{"device_code", "dev_1"}, {"interval", 2}, {"expires_in", 300}};
  for (const char* error : {"authorization_pending", "slow_down", "authorization_pending"}) {
    fixture.transport->answer(refusal(error));
  }
  fixture.transport->answer(json_response(200, R"({"access_token":"t"})"));
  const auto begin = fixture.clock.now();
  CHECK(fixture.wait_for_device(authorization)["access_token"] == "t");
  CHECK(fixture.clock.now() - begin == 2s + 2s + 7s + 7s);
  CHECK_THAT(fixture.transport->requests[0].body, ContainsSubstring("\"device_code\":\"dev_1\""));

  fixture.transport->answer(refusal("access_denied"));
  CHECK_THAT(caught_error([&] { fixture.wait_for_device(authorization); }).what(),
             ContainsSubstring("the person refused"));
}

TEST_CASE("a poll for a device carries no idempotency key, and one that is lost does not end the wait") {
  Fixture fixture;
  fixture.transport->fail(Fault::unavailable);
  fixture.transport->answer(json_response(503, R"({"message":"down"})"));
  fixture.transport->answer(refusal("authorization_pending"));
  fixture.transport->answer(json_response(200, R"({"access_token":"t"})"));
  const auto begin = fixture.clock.now();
  CHECK(fixture.wait_for_device({{"device_code", "dev_1"}, {"interval", 5}})["access_token"] == "t");
  CHECK(fixture.clock.now() - begin == 5s + 10s + 20s + 5s);
  REQUIRE(fixture.transport->requests.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(fixture.header(i, "Idempotency-Key").empty());

  for (int i = 0; i < 10; ++i) fixture.transport->fail(Fault::unavailable);
  const Error error = caught_error([&] { fixture.wait_for_device({{"device_code", "dev_1"}, {"expires_in", 100}}); });
  CHECK_THAT(error.what(), ContainsSubstring("nobody approved") && ContainsSubstring("the last poll was lost"));
  CHECK_THAT(error.next_step(), ContainsSubstring("Begin again"));
}

TEST_CASE("a device that nobody approves is given up when its code expires") {
  Fixture fixture;
  for (int i = 0; i < 10; ++i) fixture.transport->answer(refusal("authorization_pending"));
  const Json authorization{{"device_code", "dev_1"}, {"expires_in", 20}};
  CHECK_THAT(caught_error([&] { fixture.wait_for_device(authorization); }).what(),
             ContainsSubstring("nobody approved"));
  CHECK(fixture.transport->requests.size() == 4);
}

TEST_CASE("a code verifier and its challenge are as RFC 7636 wants them") {
  // Its appendix B.
  CHECK(code_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
  const Secret verifier = new_code_verifier();
  CHECK(verifier.expose().size() == 43);
  CHECK(verifier.expose().find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
        std::string::npos);
  CHECK(verifier.expose() != new_code_verifier().expose());
}
