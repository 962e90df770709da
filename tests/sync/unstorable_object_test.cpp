// Rule R10, for objects that are read by their id.

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

}  // namespace mirror::tests
