#include <algorithm>

#include "tests/catch.hpp"
#include "tests/simulator/changes.hpp"
#include "tests/simulator/simulator.hpp"
#include "tests/simulator/test_client.hpp"

using namespace mirror::simulator;

namespace {

SimulatorOptions small_directory() {
  SimulatorOptions options;
  options.directory.users = 40;
  options.directory.organizations = 3;
  options.directory.memberships = 60;
  options.directory.invitations = 5;
  return options;
}

const std::string all_names =
    "user.created,user.updated,user.deleted,organization.created,organization.updated,organization.deleted,"
    "organization_domain.created,organization_domain.deleted,organization_membership.created,"
    "organization_membership.updated,organization_membership.deleted,invitation.created,invitation.accepted,"
    "invitation.revoked,invitation.resent";
const std::string events = "/events?events=" + all_names;

std::vector<std::string> names_of(const nlohmann::json& page) {
  std::vector<std::string> names;
  for (const auto& event : page["data"]) names.push_back(event["event"]);
  return names;
}

}  // namespace

TEST_CASE("events come oldest first whatever order is asked, page by page, with increasing ids") {
  Simulator simulator(small_directory());
  simulator.start();
  simulator.with([](World& world) { Changes(world.store, 3).create(Kind::users, 250); });
  TestClient client(simulator.port());
  const auto ids = client.walk(events, "desc", 100);
  REQUIRE(ids.size() == 250);
  REQUIRE(std::ranges::is_sorted(ids));
  REQUIRE(client.walk(events, "asc", 7) == ids);
  const auto page = client.get(events + "&limit=100&after=" + ids[199]).json();
  REQUIRE(page["data"].size() == 50);
  REQUIRE(page["list_metadata"] == nlohmann::json{{"after", nullptr}});
}

TEST_CASE("event names are required, and one unknown name refuses the whole request") {
  Simulator simulator(small_directory());
  simulator.start();
  TestClient client(simulator.port());
  const Reply none = client.get("/events");
  REQUIRE(none.status == 422);
  REQUIRE(none.json()["errors"][0] == nlohmann::json{{"field", "events"}, {"code", "required"}});
  const Reply unknown = client.get("/events?events=user.created,user.promoted");
  REQUIRE(unknown.status == 400);
  REQUIRE(unknown.json()["code"] == "invalid_events_request");
  REQUIRE_THAT(unknown.json()["message"].get<std::string>(), ContainsSubstring("user.promoted"));
  REQUIRE(client.get(events + "&after=event_UNKNOWN").status == 400);
  REQUIRE(client.get(events + "&after=event_X&range_start=2026-01-01T00:00:00Z").status == 400);
}

TEST_CASE("a new event is held back from readers until the visibility delay has passed") {
  SimulatorOptions options = small_directory();
  options.visibility_delay = std::chrono::milliseconds{3000};
  Simulator simulator(options);
  simulator.start();
  TestClient client(simulator.port());
  simulator.with([](World& world) {
    world.clock.freeze(true);
    Changes(world.store, 1).create(Kind::users, 1);
    world.clock.advance(std::chrono::milliseconds{2999});
  });
  REQUIRE(client.get(events).json()["data"].empty());
  simulator.with([](World& world) { world.clock.advance(std::chrono::milliseconds{1}); });
  REQUIRE(names_of(client.get(events).json()) == std::vector<std::string>{"user.created"});
}

TEST_CASE("an event with a delay of its own is overtaken by later ones") {
  Simulator simulator(small_directory());
  simulator.start();
  simulator.with([](World& world) {
    world.clock.freeze(true);
    world.store.create(Kind::users, {{"email", "late@x.example"}}, {.event_delay = std::chrono::seconds{5}});
    world.store.create(Kind::users, {{"email", "soon@x.example"}});
  });
  TestClient client(simulator.port());
  REQUIRE(client.get(events).json()["data"].size() == 1);
  simulator.with([](World& world) { world.clock.advance(std::chrono::seconds{5}); });
  const auto both = client.get(events).json()["data"];
  REQUIRE(both.size() == 2);
  REQUIRE(both[0]["data"]["email"] == "late@x.example");
}

TEST_CASE("range_start and organization_id narrow the events, and user events belong to no organization") {
  Simulator simulator(small_directory());
  simulator.start();
  TestClient client(simulator.port());
  std::string organization;
  simulator.with([&](World& world) {
    world.clock.set(*mirror::parse_instant("2026-03-01T00:00:00Z"));
    world.clock.freeze(true);
    Changes(world.store, 1).create(Kind::users, 2);
    world.clock.set(*mirror::parse_instant("2026-03-02T00:00:00Z"));
    organization = world.store.create(Kind::organizations, {{"name", "New"}, {"domains", {"new.example"}}}).id;
  });
  const auto later = client.get(events + "&range_start=2026-03-01T12:00:00.000Z").json();
  REQUIRE(names_of(later) == std::vector<std::string>{"organization_domain.created", "organization.created"});
  REQUIRE(client.get(events + "&organization_id=" + organization).json()["data"].size() == 2);
  REQUIRE(client.get(events + "&range_end=2026-03-01T12:00:00.000Z").json()["data"].size() == 2);
}

TEST_CASE("events older than 90 days are gone, and a cursor among them is refused") {
  Simulator simulator(small_directory());
  simulator.start();
  TestClient client(simulator.port());
  simulator.with([](World& world) { Changes(world.store, 1).create(Kind::users, 2); });
  const auto old = ids_of(client.get(events).json());
  simulator.with([](World& world) {
    world.clock.advance(std::chrono::hours{24 * 91});
    Changes(world.store, 2).create(Kind::users, 1);
  });
  REQUIRE(client.get(events).json()["data"].size() == 1);
  REQUIRE(client.get(events + "&after=" + old[0]).status == 400);
}

TEST_CASE("deleting a user or an organization deletes its memberships first, each with its event") {
  Simulator simulator(small_directory());
  simulator.start();
  TestClient client(simulator.port());
  const std::string organization = nlohmann::json::parse(simulator.truth("organizations").front())["id"];
  const auto members = client.walk(
      "/user_management/organization_memberships?statuses=active,inactive,pending&organization_id=" + organization,
      "asc", 100);
  REQUIRE(members.size() > 1);
  REQUIRE(client.send("DELETE", "/organizations/" + organization).status == 200);
  const auto names = names_of(client.get(events + "&limit=100").json());
  REQUIRE(names.size() == members.size() + 2);
  REQUIRE(std::ranges::count(names, "organization_membership.deleted") == static_cast<std::ptrdiff_t>(members.size()));
  REQUIRE(names[names.size() - 2] == "organization_domain.deleted");
  REQUIRE(names.back() == "organization.deleted");
  REQUIRE(client.get("/user_management/organization_memberships/" + members[0]).status == 404);
}

TEST_CASE("events carry the object of the list without the fields that only lists have") {
  Simulator simulator(small_directory());
  simulator.start();
  TestClient client(simulator.port());
  simulator.with([](World& world) {
    Changes changes(world.store, 7);
    changes.update(Kind::organizations, 2);
    changes.update(Kind::organization_memberships, 5);
    changes.create(Kind::invitations, 2);
    changes.update(Kind::users, 3);
  });
  const auto page = client.get(events + "&limit=100").json();
  REQUIRE(page["data"].size() == 12);
  for (const auto& event : page["data"]) {
    const auto& data = event["data"];
    for (const char* hidden :
         {"token", "accept_invitation_url", "user", "organization_name", "allow_profiles_outside_organization"}) {
      REQUIRE_FALSE(data.contains(hidden));
    }
    REQUIRE(event["object"] == "event");
    if (data["object"] != "organization_membership") continue;
    REQUIRE(data["roles"].is_array());
    REQUIRE(data["roles"][0] == data["role"]);
    const auto listed = client.get("/user_management/organization_memberships/" + data["id"].get<std::string>()).json();
    REQUIRE(listed["user"]["id"] == listed["user_id"]);
  }
}

TEST_CASE("a sign-in moves last_sign_in_at without an event and without a new updated_at") {
  Simulator simulator(small_directory());
  simulator.start();
  TestClient client(simulator.port());
  const auto done = client.send("POST", "/_simulator/changes", R"({"seed":5,"users":{"sign_in":1}})").json();
  const std::string id = done["updated"][0];
  const auto user = client.get("/user_management/users/" + id).json();
  REQUIRE(user["last_sign_in_at"].get<std::string>() > user["updated_at"].get<std::string>());
  REQUIRE(client.get(events).json()["data"].empty());
}

TEST_CASE("changes ordered through the control endpoint are made exactly and reported") {
  Simulator simulator(small_directory());
  simulator.start();
  TestClient client(simulator.port());
  const auto done = client
                        .send("POST", "/_simulator/changes", R"({"seed":9,
      "users":{"create":3,"update":2,"delete":1},
      "operations":[
        {"op":"create","table":"users","event":false,"fields":{"id":"user_X","email":"x@x.example","created_at":"2025-01-01T00:00:00.000Z"}},
        {"op":"update","table":"users","id":"user_X","touch":false,"event":false,"fields":{"first_name":"Xenia"}}]})")
                        .json();
  REQUIRE(done["created"].size() == 4);
  REQUIRE(done["deleted"].size() == 1);
  const auto user = client.get("/user_management/users/user_X").json();
  REQUIRE(user["first_name"] == "Xenia");
  REQUIRE(user["updated_at"] == "2025-01-01T00:00:00.000Z");
  REQUIRE(simulator.truth("users").size() == 43);
  REQUIRE(
      client.send("POST", "/_simulator/changes", R"({"operations":[{"op":"delete","table":"users","id":"user_Y"}]})")
          .status == 400);
}

TEST_CASE("ongoing changes go on while nobody asks for them") {
  SimulatorOptions options = small_directory();
  options.churn = 2000;
  Simulator simulator(options);
  simulator.start();
  TestClient client(simulator.port());
  std::size_t seen = 0;
  for (int polls = 0; polls < 100'000 && seen < 20; ++polls)
    seen = client.get(events + "&limit=100").json()["data"].size();
  REQUIRE(seen >= 20);
}
