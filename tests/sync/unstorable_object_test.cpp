// Rule R10, for objects that are read by their id.

#include <nlohmann/json.hpp>

#include "model/streams.hpp"
#include "tests/catch.hpp"
#include "tests/harness/stepped_mirror.hpp"

namespace mirror::tests {
namespace {

using harness::MirrorFixture;
using harness::SteppedMirror;

}  // namespace

TEST_CASE("an object read by its id that PostgreSQL refuses is parked, and the writer goes on") {
  MirrorFixture mirror({.directory = {.organizations = 2, .users = 3, .memberships = 3, .invitations = 1}});
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto id = mirror.database.value("SELECT min(id) FROM workos.users");
  mirror.workos.arm({.name = "huge-number", .target = "users", .count = 3});
  sync::confirm(daemon.session(), *users().table, {id}, nullptr, {});
  daemon.session().writer.flush({});
  CHECK_FALSE(daemon.failure());
  CHECK(mirror.database.value("SELECT id FROM workos.quarantine") == id);
}

TEST_CASE("an object that a constraint or an index refuses is parked alone") {
  const std::string obstacle =
      GENERATE("ALTER TABLE workos.users ADD CONSTRAINT no_name CHECK (first_name <> 'Refused')",
               "CREATE UNIQUE INDEX ON workos.users (first_name) WHERE first_name = 'Refused'");
  CAPTURE(obstacle);
  MirrorFixture mirror({.directory = {.organizations = 2, .users = 5, .memberships = 3, .invitations = 1}});
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.database.execute(obstacle);
  mirror.workos.with([&](simulator::World& world) {
    std::vector<std::string> ids;
    for (const auto& [position, record] : world.store.table(simulator::Kind::users).order()) ids.push_back(record->id);
    for (std::size_t i = 0; i < 2; ++i) {
      world.store.update(simulator::Kind::users, ids[i], simulator::Json{{"first_name", "Refused"}}, {.event = false});
    }
    world.store.update(simulator::Kind::users, ids[2], simulator::Json{{"first_name", "Taken"}}, {.event = false});
  });
  const auto snapshot = daemon.sweep(users());
  CHECK_FALSE(daemon.failure());
  CHECK(snapshot.state == "certified");
  CHECK(mirror.database.count("SELECT count(*) FROM workos.users WHERE first_name = 'Taken'") == 1);
  CHECK(mirror.database.count("SELECT count(*) FROM workos.quarantine") >= 1);
}

}  // namespace mirror::tests
