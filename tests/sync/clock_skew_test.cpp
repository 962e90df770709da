// An API whose clock is wrong, and then right again. Late knowledge is acceptable, a wrong deletion is not.

#include <nlohmann/json.hpp>

#include "tests/catch.hpp"
#include "tests/sync/scene.hpp"

using namespace mirror;
using namespace mirror::tests;
using harness::MirrorFixture;
using simulator::FaultOrder;
using simulator::Kind;

namespace {

constexpr std::chrono::seconds hour{3'600};

void skew(Scene& scene, std::chrono::seconds by, int count = -1, int skip = 0) {
  FaultOrder order{.name = "clock-skew", .count = count, .skip = skip};
  order.parameters.set("seconds", std::to_string(by.count()));
  scene.workos.arm(order);
}

/// A quiet evening's changes: below every limit of the brake.
void change_directory(Scene& scene, std::uint64_t seed) {
  scene.workos.with([&](simulator::World& world) {
    simulator::Changes changes(world.store, seed);
    for (const auto kind : simulator::all_kinds) {
      changes.create(kind, 1);
      changes.update(kind, 4);
    }
    changes.sign_in(5);
    changes.erase(Kind::users, 2);
    changes.erase(Kind::invitations, 2);
  });
}

void sync_without_harm(Scene& scene) {
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  CHECK(scene.wrongly_dead() == std::vector<std::string>{});
}

void expect_truth(Scene& scene) {
  sync_without_harm(scene);
  CHECK(scene.mirror.differences() == std::vector<std::string>{});
}

}  // namespace

TEST_CASE("a mirror that was filled by a clock an hour ahead harms nothing and is true when that hour has passed") {
  Scene scene;
  skew(scene, hour);
  expect_truth(scene);
  REQUIRE(scene.workos.fired("clock-skew") > 0);

  scene.workos.clear_faults();
  change_directory(scene, 1);
  sync_without_harm(scene);
  scene.pass(hour);
  expect_truth(scene);
}

TEST_CASE("changes that are made while the API's clock is an hour behind arrive when it is right again") {
  Scene scene;
  expect_truth(scene);
  skew(scene, -hour);
  change_directory(scene, 2);
  sync_without_harm(scene);
  REQUIRE(scene.workos.fired("clock-skew") > 0);

  scene.workos.clear_faults();
  change_directory(scene, 3);
  expect_truth(scene);
}

TEST_CASE("a new version is mirrored although the API's clock is behind the one that the mirror holds") {
  Scene scene;
  expect_truth(scene);
  skew(scene, -hour);
  const auto user = scene.listed(Kind::users).at(42);
  scene.with_store([&](simulator::Store& store) { store.update(Kind::users, user, {{"locale", "is"}}); });
  sync_without_harm(scene);
  CHECK(scene.value("SELECT locale FROM workos.users WHERE id = '" + user + "'") == "is");
}

TEST_CASE("a single answer from the future or the past deletes nothing") {
  const std::chrono::seconds by{GENERATE(3'600, -3'600)};
  const int skip = GENERATE(0, 1, 2, 3, 4, 6, 9);
  CAPTURE(by.count(), skip);
  Scene scene;
  expect_truth(scene);
  change_directory(scene, 4);
  skew(scene, by, 1, skip);
  (void)scene.sync();  // objects created meanwhile may look old: then there is no certificate
  REQUIRE(scene.workos.fired("clock-skew") == 1);
  CHECK(scene.wrongly_dead() == std::vector<std::string>{});

  scene.workos.clear_faults();
  scene.pass(hour);
  expect_truth(scene);
}

TEST_CASE("an API whose whole clock jumps ahead and back harms nothing") {
  Scene scene;
  expect_truth(scene);
  FaultOrder jump{.name = "clock-skew"};
  jump.parameters = {{"scope", "all"}, {"seconds", "3600"}};
  scene.workos.arm(jump);
  change_directory(scene, 5);
  expect_truth(scene);
  REQUIRE(scene.workos.fired("clock-skew") > 0);

  scene.workos.clear_faults();
  scene.pass(-hour);
  change_directory(scene, 6);
  sync_without_harm(scene);
  scene.pass(hour);
  expect_truth(scene);
}
