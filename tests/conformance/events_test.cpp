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

/// A small directory, the daemon's parts over it, and every kind of change that the emulator makes.
struct EmulatedTail : EmulatedMirror {
  EmulatedTail() {
    for (int i = 0; i < 3; ++i) {
      organizations.push_back(directory.create("organizations", {{"name", fmt::format("Organization {}", i)}}));
    }
    for (int i = 0; i < 6; ++i) {
      users.push_back(directory.create("users", {{"email", fmt::format("u{}@example.com", i)}}));
    }
    for (int i = 0; i < 4; ++i) join(i % 2, i);
  }

  void join(int organization, int user) {
    memberships.push_back(directory.create(
        "organization_memberships",
        {{"organization_id", organizations[organization]}, {"user_id", users[user]}, {"role_slug", "member"}}));
  }
  void change_everything() {
    users.push_back(directory.create("users", {{"email", "new@example.com"}}));
    directory.put("/user_management/users/" + users[0], {{"first_name", "Ada"}});
    directory.put("/organizations/" + organizations[0], {{"name", "Renamed"}});
    join(2, 4);
    directory.put("/user_management/organization_memberships/" + memberships[0] + "/deactivate");
    directory.remove("/user_management/organization_memberships/" + memberships[1]);
    directory.remove("/user_management/users/" + users[2]);
    directory.create("invitations", {{"email", "guest@example.com"}});
  }
  std::string cursor() { return database.value("SELECT COALESCE(cursor, '') FROM workos.event_tails"); }

  std::vector<std::string> organizations;
  std::vector<std::string> users;
  std::vector<std::string> memberships;
};

}  // namespace

TEST_CASE("the tail brings every change of the emulator's directory") {
  EmulatedTail mirror;
  harness::SteppedMirror daemon(mirror.database.options(), mirror.options, mirror.api_options);
  daemon.sweep_all();
  daemon.catch_up();
  REQUIRE(mirror.differences() == std::vector<std::string>{});
  mirror.change_everything();
  daemon.catch_up();
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
