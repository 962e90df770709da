// The event tail against the official emulator, which answers GET /events in its own way: newest first unless asked,
// `events` and `range_start` ignored, an unknown cursor answered with the first page.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tests/catch.hpp"
#include "tests/conformance/emulated_mirror.hpp"
#include "tests/harness/stepped_mirror.hpp"

namespace mirror::conformance {
namespace {

using nlohmann::json;

std::string membership_path(const std::string& id) {
  return "/user_management/organization_memberships/" + id;
}

/// A small directory, the daemon's parts over it, and every kind of change that the emulator makes.
struct EmulatedTail : EmulatedMirror {
  EmulatedTail() {
    for (int i = 0; i < 4; ++i) {
      organizations.push_back(
          directory.create("organizations", {{"name", fmt::format("Organization {}", i)},
                                             {"domain_data",
                                              {{{"domain", fmt::format("a{}.example", i)}, {"state", "pending"}},
                                               {{"domain", fmt::format("b{}.example", i)}, {"state", "pending"}}}}}));
    }
    for (int i = 0; i < 8; ++i) {
      users.push_back(directory.create("users", {{"email", fmt::format("u{}@example.com", i)}}));
    }
    for (int i = 0; i < 4; ++i) join(i % 2, i);
    join(3, 6);
    for (int i = 0; i < 4; ++i) invite(i);
    directory.put(membership_path(memberships[3]) + "/deactivate");
  }

  void join(int organization, int user) {
    memberships.push_back(directory.create(
        "organization_memberships",
        {{"organization_id", organizations[organization]}, {"user_id", users[user]}, {"role_slug", "member"}}));
  }
  void invite(int number) {
    invitations.push_back(directory.create("invitations", {{"email", fmt::format("i{}@example.com", number)},
                                                           {"organization_id", organizations[number % 2]}}));
  }
  void change_everything() {
    change_users();
    change_memberships();
    change_invitations();
    change_organizations();
  }
  void change_users() {
    users.push_back(directory.create("users", {{"email", "new@example.com"}}));
    directory.put("/user_management/users/" + users[0], {{"first_name", "Ada"}});
    directory.remove("/user_management/users/" + users[2]);
  }
  void change_memberships() {
    join(2, 4);
    directory.put(membership_path(memberships[0]) + "/deactivate");
    directory.put(membership_path(memberships[3]) + "/reactivate");
    directory.put(membership_path(memberships.back()), {{"role_slug", "admin"}});
    directory.remove(membership_path(memberships[1]));
  }
  void change_invitations() {
    directory.create("invitations", {{"email", "guest@example.com"}});
    directory.post("/user_management/invitations/" + invitations[0] + "/revoke");
    directory.post("/user_management/invitations/" + invitations[1] + "/accept");
    directory.post("/user_management/invitations/" + invitations[2] + "/resend");
  }
  void change_organizations() {
    directory.put("/organizations/" + organizations[0], {{"name", "Renamed"}});
    directory.post("/organization_domains/" + domain("a0.example") + "/verify");
    directory.remove("/organization_domains/" + domain("b0.example"));
    // One domain stays, one goes, one comes.
    directory.put("/organizations/" + organizations[1],
                  {{"domain_data", {{{"domain", "a1.example"}}, {{"domain", "new.example"}, {"state", "verified"}}}}});
    directory.remove("/organizations/" + organizations[3]);
  }
  std::string domain(const std::string& name) {
    for (const auto& text : directory.list("organization_domains")) {
      const auto object = json::parse(text);
      if (object.at("domain") == name) return object.at("id");
    }
    throw std::logic_error("the emulator has no domain " + name);
  }
  std::string cursor() { return database.value("SELECT COALESCE(cursor, '') FROM workos.event_tails"); }

  std::vector<std::string> organizations;
  std::vector<std::string> users;
  std::vector<std::string> memberships;
  std::vector<std::string> invitations;
};

std::string told(EmulatedTail& mirror) {
  std::string all;
  for (const auto& row :
       mirror.database.rows("SELECT type, count(*), max(error) FROM workos.events GROUP BY 1 ORDER BY 1")) {
    all += row[0] + " " + row[1] + " " + row[2] + "\n";
  }
  return all;
}

}  // namespace

TEST_CASE("the tail brings every change of the emulator's directory") {
  EmulatedTail mirror;
  harness::SteppedMirror daemon(mirror.database.options(), mirror.options, mirror.api_options);
  daemon.sweep_all();
  daemon.catch_up();
  REQUIRE(mirror.differences() == std::vector<std::string>{});
  mirror.change_everything();
  daemon.catch_up();
  INFO(told(mirror));
  CHECK(mirror.differences() == std::vector<std::string>{});
  CHECK(daemon.board().events().written > 0);
  CHECK(daemon.board().events().deleted > 0);
  CHECK(daemon.resyncs() == 0);
}

TEST_CASE("an unknown cursor, which the emulator answers with its first event, is noticed and replaced") {
  EmulatedTail mirror;
  {
    harness::SteppedMirror daemon(mirror.database.options(), mirror.options, mirror.api_options);
    daemon.sweep_all();
    daemon.catch_up();
    mirror.change_everything();
    daemon.catch_up();
  }
  const auto newest = mirror.cursor();
  // As if the emulator had lost the event: ids of the same time, but none that it knows.
  mirror.database.execute("UPDATE workos.event_tails SET cursor = left(cursor, -4) || 'ZZZZ'");
  harness::SteppedMirror restarted(mirror.database.options(), mirror.options, mirror.api_options);
  mirror.directory.put("/user_management/users/" + mirror.users[1], {{"first_name", "Grace"}});
  restarted.catch_up();
  CHECK(restarted.board().tail().recoveries == 1);
  CHECK(restarted.resyncs() == 0);
  CHECK(mirror.cursor() > newest);
  CHECK(mirror.differences() == std::vector<std::string>{});
}

}  // namespace mirror::conformance
