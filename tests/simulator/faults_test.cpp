#include <Poco/InflatingStream.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "support/error.hpp"
#include "tests/catch.hpp"
#include "tests/simulator/simulator.hpp"
#include "tests/simulator/test_client.hpp"

using namespace mirror::simulator;

namespace {

SimulatorOptions directory() {
  SimulatorOptions options;
  options.directory.users = 350;
  options.directory.organizations = 6;
  options.directory.memberships = 300;
  options.directory.invitations = 30;
  return options;
}

const std::string users = "/user_management/users";
const std::string first_page = users + "?order=asc&limit=100";

struct Scene {
  Simulator simulator{directory()};
  std::unique_ptr<TestClient> client;
  std::vector<std::string> all;

  Scene() {
    simulator.start();
    client = std::make_unique<TestClient>(simulator.port());
    for (const auto& row : simulator.truth("users")) all.push_back(nlohmann::json::parse(row)["id"]);
  }
  Reply second_page() { return client->get(first_page + "&after=" + all[99]); }
};

/// The fault acts `count` times on the request and then lets it pass.
template <typename Check>
void acts_twice(const std::string& fault, const Check& check) {
  Scene scene;
  scene.simulator.arm({.name = fault, .target = "users", .count = 2});
  for (std::size_t i = 1; i <= 2; ++i) {
    INFO(fault);
    check(scene.client->get(first_page));
    REQUIRE(scene.simulator.fired(fault) == i);
  }
  const Reply healthy = scene.client->get(first_page);
  REQUIRE(healthy.status == 200);
  REQUIRE(healthy.json()["data"].size() == 100);
  REQUIRE(scene.simulator.fired(fault) == 2);
}

}  // namespace

TEST_CASE("faults that answer instead of the API act as often as asked") {
  acts_twice("429-seconds", [](const Reply& reply) {
    REQUIRE(reply.status == 429);
    REQUIRE(reply.header("Retry-After") == "1");
  });
  acts_twice("429-date", [](const Reply& reply) {
    REQUIRE(reply.status == 429);
    REQUIRE(mirror::parse_http_date(reply.header("Retry-After")) > mirror::parse_http_date(reply.header("Date")));
  });
  acts_twice("429-bare", [](const Reply& reply) {
    REQUIRE(reply.status == 429);
    REQUIRE(reply.header("Retry-After").empty());
  });
  acts_twice("429-absurd", [](const Reply& reply) { REQUIRE(reply.header("Retry-After").size() > 9); });
  acts_twice("5xx-storm", [](const Reply& reply) { REQUIRE(reply.status / 100 == 5); });
  acts_twice("html-502", [](const Reply& reply) {
    REQUIRE(reply.status == 502);
    REQUIRE(reply.header("Content-Type") == "text/html");
  });
  acts_twice("redirect-away", [](const Reply& reply) {
    REQUIRE(reply.status == 302);
    REQUIRE_FALSE(reply.header("Location").empty());
  });
  acts_twice("401-midway", [](const Reply& reply) { REQUIRE(reply.status == 401); });
  acts_twice("403-one-list", [](const Reply& reply) { REQUIRE(reply.status == 403); });
}

TEST_CASE("faults on the wire act as often as asked") {
  acts_twice("reset-mid-body", [](const Reply& reply) {
    REQUIRE(reply.status == 200);
    REQUIRE_FALSE(reply.complete);
  });
  acts_twice("truncated-json", [](const Reply& reply) {
    REQUIRE(reply.complete);
    REQUIRE_FALSE(nlohmann::json::accept(reply.body));
  });
  acts_twice("invalid-json", [](const Reply& reply) { REQUIRE_FALSE(nlohmann::json::accept(reply.body)); });
  acts_twice("wrong-content-type",
             [](const Reply& reply) { REQUIRE(reply.header("Content-Type").starts_with("text/html")); });
  acts_twice("clock-skew", [](const Reply& reply) {
    const auto real = SimulatedClock{}.now().microseconds;
    REQUIRE(mirror::parse_http_date(reply.header("Date"))->microseconds > real + 3'500'000'000);
  });
}

TEST_CASE("slow-drip sends the body in small pieces") {
  Scene scene;
  FaultOrder order{.name = "slow-drip", .target = "users"};
  order.parameters = {{"bytes", "64"}, {"interval_ms", "20"}};
  scene.simulator.arm(order);
  const Reply reply = scene.client->get(users + "?limit=3");
  REQUIRE(reply.complete);
  REQUIRE(reply.reads > 5);
  REQUIRE(scene.simulator.fired("slow-drip") == 1);
}

TEST_CASE("gzip-bomb is small on the wire and large behind it") {
  Scene scene;
  FaultOrder order{.name = "gzip-bomb", .target = "users"};
  order.parameters = {{"megabytes", "8"}};
  scene.simulator.arm(order);
  const Reply reply = scene.client->get(first_page);
  REQUIRE(reply.header("Content-Encoding") == "gzip");
  REQUIRE(reply.body.size() < 100'000);
  std::istringstream packed(reply.body);
  Poco::InflatingInputStream inflated(packed, Poco::InflatingStreamBuf::STREAM_GZIP);
  inflated.ignore(std::numeric_limits<std::streamsize>::max());
  REQUIRE(inflated.gcount() > (8 << 20));
}

TEST_CASE("faults of cursors act on pages that have one") {
  Scene scene;
  for (const char* fault : {"repeated-cursor", "ignored-cursor", "refused-cursor", "duplicate-across-pages"}) {
    scene.simulator.arm({.name = fault, .target = "users"});
    INFO(fault);
    REQUIRE(ids_of(scene.client->get(first_page).json()).front() == scene.all[0]);
    REQUIRE(scene.simulator.fired(fault) == 0);
    const Reply second = scene.second_page();
    REQUIRE(scene.simulator.fired(fault) == 1);
    if (fault == std::string{"refused-cursor"}) {
      REQUIRE(second.status == 422);
      continue;
    }
    const auto ids = ids_of(second.json());
    REQUIRE(ids.size() == 100);
    if (fault == std::string{"repeated-cursor"}) REQUIRE(second.json()["list_metadata"]["after"] == scene.all[99]);
    if (fault == std::string{"ignored-cursor"}) REQUIRE(ids.front() == scene.all[0]);
    if (fault == std::string{"duplicate-across-pages"}) {
      REQUIRE(ids.front() == scene.all[99]);
      REQUIRE(second.json()["list_metadata"]["after"] == scene.all[198]);
    }
  }
  REQUIRE(scene.client->walk(users, "asc", 100) == scene.all);
}

TEST_CASE("empty-list says that there is nothing and no more") {
  Scene scene;
  scene.simulator.arm({.name = "empty-list", .target = "users"});
  const auto page = scene.client->get(first_page).json();
  REQUIRE(page["data"].empty());
  REQUIRE(page["list_metadata"]["after"].is_null());
  REQUIRE(scene.simulator.fired("empty-list") == 1);
}

TEST_CASE("short-list ends early for every ascending read, and the newest object is still there for a descending one") {
  struct Case {
    FaultParameters parameters;
    std::size_t visible;
  };
  for (const auto& [parameters, visible] :
       {Case{{{"pages", "2"}}, 200}, Case{{{"before_end", "true"}}, 300}, Case{{{"shorten", "7"}}, 343}}) {
    Scene scene;
    scene.simulator.arm({.name = "short-list", .target = "users", .parameters = parameters});
    std::vector<std::string> expected = scene.all;
    expected.resize(visible);
    REQUIRE(scene.client->walk(users, "asc", 100) == expected);
    REQUIRE(scene.simulator.fired("short-list") > 0);
    REQUIRE(scene.client->walk(users, "desc", 100) == std::vector<std::string>(scene.all.rbegin(), scene.all.rend()));
    REQUIRE(ids_of(scene.client->get(users + "?order=desc&limit=1").json()).front() == scene.all.back());
    REQUIRE(scene.client->get(users + "/" + scene.all.back()).status == 200);
    const auto beyond = scene.client->get(first_page + "&after=" + scene.all[344]).json();
    REQUIRE(beyond["data"].empty());
  }
}

TEST_CASE("empty-after-deleted-cursor deletes the cursor's object and pretends that the list ends there") {
  Scene scene;
  scene.simulator.arm({.name = "empty-after-deleted-cursor", .target = "users"});
  REQUIRE(scene.client->get(first_page).json()["data"].size() == 100);
  const auto page = scene.second_page().json();
  REQUIRE(page["data"].empty());
  REQUIRE(page["list_metadata"]["after"].is_null());
  REQUIRE(scene.simulator.fired("empty-after-deleted-cursor") == 1);
  REQUIRE(scene.client->get(users + "/" + scene.all[99]).status == 404);
  REQUIRE(scene.second_page().status == 422);
}

TEST_CASE("created-at-tie gives five objects one created_at across each page's edge, in all reads") {
  Scene scene;
  scene.simulator.arm({.name = "created-at-tie", .target = "users"});
  REQUIRE(scene.client->walk(users, "asc", 100) == scene.all);
  REQUIRE(scene.simulator.fired("created-at-tie") == 3);
  std::set<std::string> instants;
  for (const std::size_t index : {97U, 98U, 99U, 100U, 101U}) {
    instants.insert(scene.client->get(users + "/" + scene.all[index]).json()["created_at"].get<std::string>());
  }
  REQUIRE(instants.size() == 1);
}

TEST_CASE("faults that spoil objects show them so in every read, until they are cleared") {
  const std::vector<std::pair<std::string, std::string>> spoils{{"unknown-field", "added_by_workos_last_night"},
                                                                {"unknown-status", "unheard"},
                                                                {"null-text", "\"email\":null"},
                                                                {"nul", "\\u0000"},
                                                                {"lone-surrogate", "\\ud83d"},
                                                                {"missing-id", "\"object\":\"user\",\"email\""},
                                                                {"wrong-type-item", "42"},
                                                                {"deep-nesting", "[[[[[[[["},
                                                                {"bad-timestamp", "yesterday"},
                                                                {"huge-number", "1e999999"}};
  for (const auto& [fault, mark] : spoils) {
    INFO(fault);
    Scene scene;
    const int number = scene.simulator.arm({.name = fault, .target = "users", .count = 3});
    std::vector<std::string> marked;
    for (const auto& row : scene.simulator.truth("users")) {
      if (row == mark || (mark != "42" && row.find(mark) != std::string::npos)) marked.push_back(row);
    }
    REQUIRE(marked.size() == 3);
    const std::string id = scene.simulator.with(
        [&](World& world) { return world.faults.faults()[static_cast<std::size_t>(number)].objects.front().second; });
    REQUIRE(scene.client->get(users + "/" + id).body.find(mark) != std::string::npos);
    REQUIRE(scene.simulator.fired(fault) == 1);
    std::string after;
    for (int page = 0; page < 4; ++page) {
      const std::string body = scene.client->get(first_page + after).body;
      after = "&after=" + scene.all[static_cast<std::size_t>(page) * 100 + 99 < scene.all.size()
                                        ? static_cast<std::size_t>(page) * 100 + 99
                                        : 0];
    }
    REQUIRE(scene.simulator.fired(fault) >= 4);
    REQUIRE(scene.simulator.truth("users", View::healthy) == Simulator(directory()).truth("users"));
    scene.simulator.clear_faults();
    REQUIRE(scene.simulator.truth("users") == Simulator(directory()).truth("users"));
  }
}

TEST_CASE("unknown-event puts events among the others that no filter asked for") {
  Scene scene;
  scene.simulator.arm({.name = "unknown-event", .count = 2});
  const auto page = scene.client->get("/events?events=user.created").json();
  REQUIRE(page["data"].size() == 2);
  REQUIRE(page["data"][0]["event"] == "starship.launched");
  REQUIRE(scene.simulator.fired("unknown-event") == 2);
}

TEST_CASE("a fault keeps to its target, waits for skip and reports over the control endpoint") {
  Scene scene;
  REQUIRE(
      scene.client
          ->send("POST", "/_simulator/faults", R"({"name":"429-bare","target":"/organizations","count":1,"skip":1})")
          .status == 201);
  REQUIRE(scene.client->get(first_page).status == 200);
  REQUIRE(scene.client->get("/organizations").status == 200);
  REQUIRE(scene.client->get("/organizations").status == 429);
  REQUIRE(scene.client->get("/organizations").status == 200);
  const auto report = scene.client->get("/_simulator/faults").json();
  REQUIRE(report["faults"][0]["fired"] == 1);
  REQUIRE(report["faults"][0]["remaining"] == 0);
  REQUIRE(scene.client->send("DELETE", "/_simulator/faults").status == 200);
  REQUIRE(scene.client->get("/_simulator/faults").json()["faults"].empty());
  REQUIRE(scene.client->send("POST", "/_simulator/faults", R"({"name":"no-such"})").status == 400);
  REQUIRE_THROWS_AS(scene.simulator.arm({.name = "no-such"}), mirror::Error);
}
