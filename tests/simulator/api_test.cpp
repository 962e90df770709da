#include <set>

#include "tests/catch.hpp"
#include "tests/simulator/simulator.hpp"
#include "tests/simulator/test_client.hpp"

using namespace mirror::simulator;

namespace {

SimulatorOptions small_directory() {
  SimulatorOptions options;
  options.directory.users = 60;
  options.directory.organizations = 4;
  options.directory.memberships = 90;
  options.directory.invitations = 20;
  return options;
}

std::string first_id(Simulator& simulator, const std::string& table) {
  return nlohmann::json::parse(simulator.truth(table).front())["id"];
}

const std::string memberships = "/user_management/organization_memberships";

}  // namespace

TEST_CASE("the API refuses a missing or wrong key with 401 and says nothing else") {
  Simulator simulator(small_directory());
  simulator.start();
  REQUIRE(TestClient(simulator.port(), "").get("/organizations").status == 401);
  const Reply wrong = TestClient(simulator.port(), "sk_test_other").get("/organizations");
  REQUIRE(wrong.status == 401);
  REQUIRE(wrong.json() == nlohmann::json{{"message", "Unauthorized"}});
}

TEST_CASE("each answer carries a date, a request id and JSON on a connection that stays open") {
  Simulator simulator(small_directory());
  simulator.start();
  const Reply reply = TestClient(simulator.port()).get("/organizations");
  REQUIRE(mirror::parse_http_date(reply.header("Date")));
  REQUIRE(reply.header("X-Request-ID").starts_with("req_"));
  REQUIRE(reply.header("Content-Type").starts_with("application/json"));
  REQUIRE(reply.header("Connection") == "keep-alive");
}

TEST_CASE("lists show all documented fields, with the secrets and embedded objects that only lists have") {
  Simulator simulator(small_directory());
  const auto keys = [&](const std::string& table) {
    std::set<std::string> found;
    for (const auto& row : simulator.truth(table)) {
      const auto object = nlohmann::json::parse(row);
      for (const auto& [key, value] : object.items()) found.insert(key);
    }
    return found;
  };
  using Keys = std::set<std::string>;
  REQUIRE(keys("users") == Keys{"object", "id", "email", "email_verified", "first_name", "last_name", "name",
                                "profile_picture_url", "external_id", "metadata", "last_sign_in_at", "locale",
                                "created_at", "updated_at"});
  REQUIRE(keys("organizations") == Keys{"object", "id", "name", "domains", "metadata", "external_id",
                                        "stripe_customer_id", "allow_profiles_outside_organization", "created_at",
                                        "updated_at"});
  REQUIRE(keys("organization_domains") == Keys{"object", "id", "organization_id", "domain", "state",
                                               "verification_prefix", "verification_token", "verification_strategy",
                                               "created_at", "updated_at"});
  REQUIRE(keys("organization_memberships") == Keys{"object", "id", "user_id", "organization_id", "status", "role",
                                                   "roles", "directory_managed", "custom_attributes",
                                                   "organization_name", "user", "created_at", "updated_at"});
  REQUIRE(keys("invitations") == Keys{"object", "id", "email", "state", "accepted_at", "revoked_at", "expires_at",
                                      "organization_id", "inviter_user_id", "accepted_user_id", "role_slug", "token",
                                      "accept_invitation_url", "created_at", "updated_at"});
}

TEST_CASE("memberships want a filter, show active ones unless asked, and know no unknown organization") {
  Simulator simulator(small_directory());
  simulator.start();
  TestClient client(simulator.port());
  REQUIRE(client.get(memberships).status == 400);
  REQUIRE(client.get(memberships).json()["code"] == "missing_user_id_or_organization_id");
  REQUIRE(client.get(memberships + "?organization_id=org_NOWHERE").status == 404);
  REQUIRE(
      client.get(memberships + "?organization_id=" + first_id(simulator, "organizations") + "&statuses=odd").status ==
      400);
  std::size_t all = 0;
  std::size_t active = 0;
  for (const auto& row : simulator.truth("organizations")) {
    const std::string id = nlohmann::json::parse(row)["id"];
    all += client.walk(memberships + "?statuses=active,inactive,pending&organization_id=" + id, "asc", 100).size();
    active += client.walk(memberships + "?organization_id=" + id, "asc", 100).size();
  }
  REQUIRE(all == 90);
  std::size_t truly_active = 0;
  for (const auto& row : simulator.truth("organization_memberships")) {
    truly_active += nlohmann::json::parse(row)["status"] == "active" ? 1 : 0;
  }
  REQUIRE(active == truly_active);
  REQUIRE(active < all);
}

TEST_CASE("an object is read by its id and by its external id, and 404 afterwards") {
  Simulator simulator(small_directory());
  simulator.start();
  TestClient client(simulator.port());
  const auto created =
      client.send("POST", "/user_management/users", R"({"email":"new@x.example","external_id":"77-x"})");
  REQUIRE(created.status == 201);
  const std::string id = created.json()["id"];
  REQUIRE(client.get("/user_management/users/" + id).json() == created.json());
  REQUIRE(client.get("/user_management/users/external_id/77-x").json()["id"] == id);
  REQUIRE(client.get("/user_management/users?email=new%40x.example").json()["data"][0]["id"] == id);
  REQUIRE(client.send("DELETE", "/user_management/users/" + id).status == 200);
  REQUIRE(client.get("/user_management/users/" + id).status == 404);
  REQUIRE(client.get("/user_management/users/external_id/77-x").status == 404);
  const std::string domain = first_id(simulator, "organization_domains");
  REQUIRE(client.get("/organization_domains/" + domain).json()["id"] == domain);
}

TEST_CASE("a user's metadata is merged key by key, and a second user can't take an address") {
  Simulator simulator(small_directory());
  simulator.start();
  TestClient client(simulator.port());
  const std::string made = R"({"email":"a@x.example","metadata":{"plan":"pro","desk":"4"}})";
  const std::string id = client.send("POST", "/user_management/users", made).json()["id"];
  const auto changed =
      client.send("PUT", "/user_management/users/" + id, R"({"metadata":{"desk":null,"team":"b"}})").json();
  REQUIRE(changed["metadata"] == nlohmann::json{{"plan", "pro"}, {"team", "b"}});
  const Reply taken = client.send("POST", "/user_management/users", R"({"email":"a@x.example"})");
  REQUIRE(taken.status == 400);
  REQUIRE(taken.json()["code"] == "user_creation_error");
}

TEST_CASE("a membership is deactivated once, and a repeat changes nothing") {
  Simulator simulator(small_directory());
  simulator.start();
  TestClient client(simulator.port());
  std::string id;
  for (const auto& row : simulator.truth("organization_memberships")) {
    const auto membership = nlohmann::json::parse(row);
    if (membership["status"] == "active") id = membership["id"];
  }
  const Reply first = client.send("PUT", memberships + "/" + id + "/deactivate");
  REQUIRE(first.json()["status"] == "inactive");
  REQUIRE(simulator.with([](World& world) { return world.store.events().size(); }) == 1);
  REQUIRE(client.send("PUT", memberships + "/" + id + "/deactivate").json() == first.json());
  REQUIRE(simulator.with([](World& world) { return world.store.events().size(); }) == 1);
}

TEST_CASE("an invitation is accepted once, by a user who then is a member") {
  Simulator simulator(small_directory());
  simulator.start();
  TestClient client(simulator.port());
  const std::string organization = first_id(simulator, "organizations");
  const std::string body =
      R"({"email":"guest@x.example","role_slug":"admin","organization_id":")" + organization + "\"}";
  const std::string id = client.send("POST", "/user_management/invitations", body).json()["id"];
  const auto accepted = client.send("POST", "/user_management/invitations/" + id + "/accept").json();
  REQUIRE(accepted["state"] == "accepted");
  const std::string user = accepted["accepted_user_id"];
  const auto joined = client.get(memberships + "?user_id=" + user).json()["data"];
  REQUIRE(joined.size() == 1);
  REQUIRE(joined[0]["role"]["slug"] == "admin");
  const Reply again = client.send("POST", "/user_management/invitations/" + id + "/revoke");
  REQUIRE(again.status == 400);
  REQUIRE(again.json()["code"] == "invite_not_pending");
}

TEST_CASE("an invitation expires by the virtual clock, without an event and without a new updated_at") {
  Simulator simulator(small_directory());
  simulator.start();
  TestClient client(simulator.port());
  const auto made = client.send("POST", "/user_management/invitations", R"({"email":"late@x.example"})").json();
  const std::string path = "/user_management/invitations/" + made["id"].get<std::string>();
  simulator.with([](World& world) { world.clock.advance(std::chrono::hours{24 * 6}); });
  REQUIRE(client.get(path).json()["state"] == "pending");
  simulator.with([](World& world) { world.clock.advance(std::chrono::hours{25}); });
  auto expected = made;
  expected["state"] = "expired";
  REQUIRE(client.get(path).json() == expected);
  REQUIRE(simulator.with([](World& world) { return world.store.events().size(); }) == 1);
}

TEST_CASE("the rate limit answers 429 with Retry-After and then lets requests pass again") {
  SimulatorOptions options = small_directory();
  options.rate_limit = 3;
  Simulator simulator(options);
  Request request;
  request.method = "GET";
  request.path = request.target = "/organizations";
  request.headers = {{"authorization", "Bearer sk_test_simulator"}};
  std::vector<int> statuses;
  for (int i = 0; i < 4; ++i) statuses.push_back(simulator.answer(request).status);
  REQUIRE(statuses == std::vector<int>{200, 200, 200, 429});
}

TEST_CASE("requests are counted by path, and pages that were read twice are found") {
  Simulator simulator(small_directory());
  simulator.start();
  TestClient client(simulator.port());
  client.walk("/user_management/users", "asc", 30);
  client.get("/user_management/users?order=asc&limit=30");
  client.get("/user_management/users/" + first_id(simulator, "users"));
  const auto requests = client.get("/_simulator/requests").json();
  REQUIRE(requests["requests"]["GET /user_management/users 200"] == 3);
  REQUIRE(requests["requests"]["GET /user_management/users/{id} 200"] == 1);
  REQUIRE(requests["lists"]["/user_management/users"]["pages_read"] == 3);
  REQUIRE(requests["lists"]["/user_management/users"]["most_reads_of_one_page"] == 2);
  client.send("POST", "/_simulator/reset-counters");
  REQUIRE(client.get("/_simulator/requests").json()["requests"].empty());
}

TEST_CASE("the same seed gives the same directory to the byte, another seed another one") {
  const auto everything = [](std::uint64_t seed) {
    SimulatorOptions options = small_directory();
    options.directory.seed = seed;
    Simulator simulator(options);
    std::vector<std::string> rows;
    for (const char* table : {"organizations", "users", "organization_memberships", "invitations"}) {
      for (auto& row : simulator.truth(table)) rows.push_back(std::move(row));
    }
    return rows;
  };
  REQUIRE(everything(3) == everything(3));
  REQUIRE(everything(3) != everything(4));
}
