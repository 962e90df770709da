// Rules R7 and R9: a child that no list shows, because the mirror does not hold its parent alive.

#include <nlohmann/json.hpp>

#include "model/streams.hpp"
#include "tests/catch.hpp"
#include "tests/harness/stepped_mirror.hpp"

namespace mirror::tests {
namespace {

using harness::MirrorFixture;
using harness::SteppedMirror;
using simulator::Kind;
using simulator::World;

struct OrphanFixture : MirrorFixture {
  OrphanFixture() : MirrorFixture({.directory = {.organizations = 3, .users = 5, .memberships = 6, .invitations = 2}}) {
    workos.with([](World& world) { world.clock.freeze(true); });
  }
  void pass() {
    workos.with([](World& world) { world.clock.advance(std::chrono::seconds{5}); });
  }
  std::string new_organization_with_a_member() {
    pass();
    return workos.with([](World& world) {
      const auto user = world.store.table(Kind::users).order().begin()->second->id;
      const auto organization =
          world.store.create(Kind::organizations, {{"name", "Brief"}, {"domains", {"brief.example"}}}, {.event = false})
              .id;
      world.store.create(Kind::organization_memberships, {{"user_id", user}, {"organization_id", organization}});
      return organization;
    });
  }
};

}  // namespace

TEST_CASE("a membership of an organization that was never mirrored dies by the next sweep if it is gone") {
  OrphanFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto organization = mirror.new_organization_with_a_member();
  daemon.catch_up();
  mirror.pass();
  // Nobody is told.
  mirror.workos.with([&](World& world) { world.store.erase(Kind::organizations, organization, {.event = false}); });
  mirror.pass();
  daemon.sweep_all();
  CHECK(mirror.differences() == std::vector<std::string>{});
}

TEST_CASE("a membership of an organization that is not mirrored yet stays alive") {
  OrphanFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.new_organization_with_a_member();
  daemon.catch_up();
  mirror.pass();
  daemon.sweep(organization_memberships());
  CHECK(mirror.database.count("SELECT count(*) FROM workos.organization_memberships_live") ==
        static_cast<std::int64_t>(mirror.workos.truth("organization_memberships").size()));
}

}  // namespace mirror::tests
