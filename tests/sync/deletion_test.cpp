// Deletions that happen at WorkOS and that no event told of: the next certified sweep finds them.

#include <nlohmann/json.hpp>

#include "tests/catch.hpp"
#include "tests/sync/scene.hpp"

using namespace mirror;
using namespace mirror::tests;
using harness::MirrorFixture;
using simulator::Kind;

namespace {

using Ids = std::set<std::string>;
using Json = simulator::Json;

void fill(Scene& scene) {
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  REQUIRE(scene.mirror.differences().empty());
}

void sweep(Scene& scene) {
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  CHECK(scene.mirror.differences() == std::vector<std::string>{});
  CHECK(scene.wrongly_dead() == std::vector<std::string>{});
}

Ids dead_by(Scene& scene, const std::string& table, const std::string& cause) {
  Ids ids;
  for (const auto& row :
       scene.mirror.database.rows("SELECT id FROM workos." + table + " WHERE _deleted_by = '" + cause + "'")) {
    ids.insert(row[0]);
  }
  return ids;
}

/// What the feed says of deletions of `table`, one entry per id.
Ids deletions_in_feed(Scene& scene, const std::string& table) {
  const auto rows = scene.mirror.database.rows(
      "SELECT id FROM workos.changes WHERE op = 'delete' AND before IS NOT NULL AND table_name = '" + table + "'");
  Ids ids;
  for (const auto& row : rows) {
    CAPTURE(row[0]);
    CHECK(ids.insert(row[0]).second);
  }
  return ids;
}

Ids as_set(const std::vector<std::string>& ids) {
  return {ids.begin(), ids.end()};
}

std::string domain_of(Scene& scene, const std::string& organization) {
  return scene.value("SELECT id FROM workos.organization_domains_live WHERE organization_id = '" + organization + "'");
}

}  // namespace

TEST_CASE("a deleted user is found by the next sweep, and its memberships die with it") {
  Scene scene;
  fill(scene);
  const auto user =
      scene.value("SELECT user_id FROM workos.organization_memberships GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1");
  Ids memberships;
  scene.with_store([&](simulator::Store& store) {
    for (const auto& [position, record] : store.memberships_of_user(user)) memberships.insert(record->id);
  });
  REQUIRE_FALSE(memberships.empty());
  scene.erase(Kind::users, user);
  sweep(scene);
  CHECK(dead_by(scene, "users", "sweep") == Ids{user});
  Ids dead_memberships = dead_by(scene, "organization_memberships", "cascade");
  dead_memberships.merge(dead_by(scene, "organization_memberships", "sweep"));
  CHECK(dead_memberships == memberships);
  CHECK(deletions_in_feed(scene, "users") == Ids{user});
  CHECK(deletions_in_feed(scene, "organization_memberships") == memberships);
}

TEST_CASE("a deleted organization takes its members and domains with it") {
  Scene scene;
  scene.mirror.options.brake.min_count = 1'000;
  fill(scene);
  const auto organization = scene.largest_organization();
  const auto members = as_set(scene.members_of(organization));
  const auto domain = domain_of(scene, organization);
  scene.erase(Kind::organizations, organization);
  sweep(scene);
  CHECK(dead_by(scene, "organizations", "sweep") == Ids{organization});
  CHECK(dead_by(scene, "organization_domains", "cascade") == Ids{domain});
  CHECK(dead_by(scene, "organization_memberships", "cascade") == members);
  CHECK(deletions_in_feed(scene, "organization_memberships") == members);
  CHECK(deletions_in_feed(scene, "organization_domains") == Ids{domain});
}

TEST_CASE("a deleted invitation is found by the next sweep") {
  Scene scene;
  fill(scene);
  const auto id = scene.listed(Kind::invitations).at(50);
  scene.erase(Kind::invitations, id);
  sweep(scene);
  CHECK(scene.dead() == Ids{id});
  CHECK(dead_by(scene, "invitations", "sweep") == Ids{id});
  CHECK(deletions_in_feed(scene, "invitations") == Ids{id});
}

TEST_CASE("a domain that its organization no longer names is deleted, the organization lives") {
  Scene scene;
  fill(scene);
  const auto organization = scene.listed(Kind::organizations).at(2);
  const auto domain = domain_of(scene, organization);
  scene.with_store([&](simulator::Store& store) {
    store.update(Kind::organizations, organization, {{"domains", Json::array()}});
  });
  sweep(scene);
  CHECK(scene.dead() == Ids{domain});
  CHECK(dead_by(scene, "organization_domains", "sweep") == Ids{domain});
  CHECK(deletions_in_feed(scene, "organization_domains") == Ids{domain});
}

TEST_CASE("an organization whose only membership is gone loses it") {
  Scene scene;
  const auto user = scene.listed(Kind::users).front();
  const auto membership = scene.with_store([&](simulator::Store& store) {
    const auto organization = store.create(Kind::organizations, {{"name", "One member"}}).id;
    return store.create(Kind::organization_memberships, {{"user_id", user}, {"organization_id", organization}}).id;
  });
  fill(scene);
  scene.erase(Kind::organization_memberships, membership);
  sweep(scene);
  CHECK(scene.dead() == Ids{membership});
  CHECK(dead_by(scene, "organization_memberships", "sweep") == Ids{membership});
}

TEST_CASE("a membership in the middle of a long list is deleted without its neighbours") {
  Scene scene;
  fill(scene);
  const auto members = scene.members_of(scene.largest_organization());
  const Ids victims{members.front(), members.at(99), members.at(100), members.back()};
  for (const auto& id : victims) scene.erase(Kind::organization_memberships, id);
  sweep(scene);
  CHECK(scene.dead() == victims);
}

TEST_CASE("the first, the last and the objects around every page's edge are found when they are gone") {
  Scene scene;
  fill(scene);
  const auto invitations = scene.listed(Kind::invitations);
  const Ids victims{invitations.front(), invitations.at(99), invitations.at(100), invitations.back()};
  for (const auto& id : victims) scene.erase(Kind::invitations, id);
  sweep(scene);
  CHECK(scene.dead() == victims);
}

TEST_CASE("what a sweep buried comes alive again when the API shows it, with equal content too") {
  Scene scene;
  fill(scene);
  const auto id = scene.listed(Kind::invitations).at(5);
  const auto object = scene.with_store([&](simulator::Store& store) { return store.object(Kind::invitations, id); });
  scene.erase(Kind::invitations, id);
  sweep(scene);
  REQUIRE(scene.dead() == Ids{id});
  scene.with_store([&](simulator::Store& store) { store.create(Kind::invitations, object); });
  sweep(scene);
  CHECK(scene.dead().empty());
  CHECK(scene.count("SELECT count(*) FROM workos.changes WHERE op = 'revive' AND id = '" + id + "'") == 1);
}
