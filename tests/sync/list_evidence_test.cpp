// Rule R7 from end to end: lists that lie, and what the mirror deletes on their word.

#include "tests/catch.hpp"
#include "tests/sync/scene.hpp"

using namespace mirror;
using namespace mirror::tests;
using harness::MirrorFixture;
using simulator::FaultOrder;
using simulator::Kind;

namespace {

using Ids = std::set<std::string>;

FaultOrder for_ever(std::string name, std::string target, simulator::FaultParameters parameters = {}) {
  return {.name = std::move(name), .target = std::move(target), .count = -1, .parameters = std::move(parameters)};
}

void fill(Scene& scene) {
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  REQUIRE(scene.mirror.differences().empty());
}

void expect_truth(Scene& scene) {
  CHECK(scene.mirror.differences() == std::vector<std::string>{});
  CHECK(scene.wrongly_dead() == std::vector<std::string>{});
}

Ids dead_in(Scene& scene, const std::string& table) {
  Ids ids;
  for (const auto& row :
       scene.mirror.database.rows("SELECT id FROM workos." + table + " WHERE _deleted_at IS NOT NULL")) {
    ids.insert(row[0]);
  }
  return ids;
}

void tie_page_edges(Scene& scene, const std::string& table, const std::string& organization = {}) {
  FaultOrder order{.name = "created-at-tie", .target = table};
  if (!organization.empty()) order.parameters.set("organization_id", organization);
  scene.workos.arm(order);
}

}  // namespace

TEST_CASE("an empty list where the mirror has rows deletes nothing, though both its ends agree") {
  Scene scene;
  fill(scene);
  scene.workos.arm(for_ever("empty-list", "users"));
  const auto results = scene.sync();
  REQUIRE(scene.workos.fired("empty-list") >= 2);
  CHECK(MirrorFixture::of(results, "users").snapshot->state == "uncertified");
  CHECK(MirrorFixture::of(results, "users").snapshot->reason == "the list is empty, but the mirror holds 350 rows");
  CHECK(scene.has_finding("snapshot_uncertified", "users"));
  expect_truth(scene);
}

TEST_CASE("an empty list of organizations proves nothing about memberships either") {
  Scene scene;
  fill(scene);
  scene.workos.arm(for_ever("empty-list", "organizations"));
  const auto results = scene.sync();
  REQUIRE(scene.workos.fired("empty-list") > 0);
  CHECK_FALSE(MirrorFixture::of(results, "organizations").is_certified());
  CHECK(MirrorFixture::of(results, "organization_memberships").snapshot->reason ==
        "the list of organizations is not certified");
  CHECK(MirrorFixture::of(results, "users").is_certified());
  expect_truth(scene);
}

TEST_CASE("an empty environment is mirrored as such, and later found to have filled") {
  Scene scene;
  scene.workos.arm(for_ever("empty-list", ""));
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  REQUIRE(scene.workos.fired("empty-list") > 0);
  CHECK(scene.count("SELECT count(*) FROM workos.users") == 0);
  scene.workos.clear_faults();
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  expect_truth(scene);
}

TEST_CASE("when every organization seems to have lost its members the brake holds, and the next sweep forgets it") {
  Scene scene;
  fill(scene);
  scene.workos.arm(for_ever("empty-list", "organization_memberships"));
  const auto results = scene.sync();
  REQUIRE(scene.workos.fired("empty-list") > 0);
  const auto& result = MirrorFixture::of(results, "organization_memberships");
  CHECK(result.snapshot->counts.held == 330);
  CHECK(result.snapshot->counts.deleted == 0);
  CHECK(scene.value("SELECT state FROM workos.holds") == "open");
  expect_truth(scene);

  scene.workos.clear_faults();
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  CHECK(scene.value("SELECT state FROM workos.holds") == "replaced");
  expect_truth(scene);
}

TEST_CASE("objects that a list leaves out from both its ends live on: each is asked for by its id") {
  const auto table = GENERATE(as<std::string>{}, "users", "invitations", "organization_memberships", "organizations");
  CAPTURE(table);
  Scene scene;
  fill(scene);
  const auto ids = scene.listed(*simulator::find_kind(table));
  FaultOrder order{.name = "hidden-objects", .target = table};
  order.parameters.set("ids", ids.at(2) + "," + ids.at(ids.size() / 2) + "," + ids.at(ids.size() - 2));
  scene.workos.arm(order);
  const auto results = scene.sync();
  REQUIRE(scene.workos.fired("hidden-objects") > 0);
  const auto& result = MirrorFixture::of(results, table);
  CAPTURE(why_not(result));
  REQUIRE(result.is_certified());
  CHECK(result.snapshot->counts.candidates >= 3);
  CHECK(result.snapshot->counts.deleted == 0);
  expect_truth(scene);
}

TEST_CASE("a cursor whose object is deleted ends a page too early, and the next sweep deletes that object alone") {
  Scene scene;
  fill(scene);
  const auto cursor = scene.listed(Kind::users)[99];
  scene.workos.arm({.name = "empty-after-deleted-cursor", .target = "users"});
  const auto results = scene.sync();
  REQUIRE(scene.workos.fired("empty-after-deleted-cursor") == 1);
  CHECK_THAT(why_not(MirrorFixture::of(results, "users")), ContainsSubstring("ended before its newest object"));
  CHECK(dead_in(scene, "users").empty());

  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  CHECK(dead_in(scene, "users") == Ids{cursor});
  expect_truth(scene);
}

TEST_CASE("of five users with one created_at on a page's edge exactly the one that is gone is deleted") {
  const std::size_t place = GENERATE(97, 98, 99, 100, 101);
  Scene scene;
  tie_page_edges(scene, "users");
  fill(scene);
  REQUIRE(scene.workos.fired("created-at-tie") > 0);
  const auto victim = scene.listed(Kind::users)[place];
  CAPTURE(place, victim);
  REQUIRE(scene.count("SELECT count(*) FROM workos.users WHERE created_at = (SELECT created_at FROM workos.users"
                      " WHERE id = '" +
                      victim + "')") >= 5);
  scene.erase(Kind::users, victim);
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  CHECK(dead_in(scene, "users") == Ids{victim});
  expect_truth(scene);
}

TEST_CASE("of five members with one created_at on a page's edge exactly the one that is gone is deleted") {
  Scene scene;
  const auto organization = scene.largest_organization();
  tie_page_edges(scene, "organization_memberships", organization);
  fill(scene);
  REQUIRE(scene.workos.fired("created-at-tie") > 0);
  const auto victim = scene.members_of(organization).at(99);
  scene.erase(Kind::organization_memberships, victim);
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  CHECK(scene.dead() == Ids{victim});
  expect_truth(scene);
}

TEST_CASE("a walk that began again still deletes what is gone, and only that") {
  const auto fault = GENERATE(as<std::string>{}, "repeated-cursor", "ignored-cursor", "refused-cursor");
  CAPTURE(fault);
  Scene scene;
  fill(scene);
  const auto victim = scene.listed(Kind::invitations).at(110);
  scene.erase(Kind::invitations, victim);
  scene.workos.arm({.name = fault, .target = "invitations"});
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  REQUIRE(scene.workos.fired(fault) == 1);
  CHECK(scene.dead() == Ids{victim});
  expect_truth(scene);
}
