// Rule R10 from end to end: one object that is broken at the source costs no other object anything.

#include <nlohmann/json.hpp>

#include "model/streams.hpp"
#include "sync/health_findings.hpp"
#include "tests/catch.hpp"
#include "tests/harness/truth_comparison.hpp"
#include "tests/sync/scene.hpp"

using namespace mirror;
using namespace mirror::tests;
using harness::MirrorFixture;
using simulator::FaultOrder;
using simulator::Kind;

namespace {

struct Poison {
  std::string fault;
  std::string table;
  simulator::FaultParameters parameters = {};
  bool certified = true;  ///< an object without id could be any: then nothing is proven
};

std::vector<Poison> poisons() {
  return {
      {"missing-id", "users", {}, false},
      {"missing-id", "invitations", {}, false},
      {"missing-id", "organization_memberships", {}, false},
      {"wrong-type-item", "users", {}, false},
      {"null-text", "users", {{"field", "updated_at"}}},
      {"null-text", "organizations", {{"field", "updated_at"}}},
      {"bad-timestamp", "organization_memberships"},
      {"bad-timestamp", "users", {{"field", "created_at"}}},
      {"deep-nesting", "users"},
      {"deep-nesting", "invitations", {{"depth", "60000"}}},
      {"huge-number", "users"},
      {"huge-number", "organizations"},
      {"huge-number", "organization_memberships"},
      {"huge-number", "users", {{"value", "-1e131073"}}},
  };
}

/// Kinds of one number after another; the largest lists in their middle, where a candidate would be noticed.
std::string choose_victim(Scene& scene, const std::string& table) {
  const auto ids = scene.listed(*simulator::find_kind(table));
  return ids[ids.size() / 2];
}

void spoil(Scene& scene, const Poison& poison, const std::string& victim) {
  FaultOrder order{.name = poison.fault, .target = poison.table, .parameters = poison.parameters};
  order.parameters.set("ids", victim);
  scene.workos.arm(order);
}

/// What differs from the directory as it would be without the broken objects.
std::vector<std::string> differences_from_healthy(Scene& scene) {
  std::vector<std::string> all;
  for (const auto* table : all_tables()) {
    const auto found =
        harness::differences(scene.mirror.database, *table, scene.workos.truth(table->name, simulator::View::healthy));
    all.insert(all.end(), found.begin(), found.end());
  }
  return all;
}

bool is_in_quarantine(Scene& scene, const std::string& table) {
  return scene.count("SELECT count(*) FROM workos.quarantine WHERE table_name = '" + table + "'") > 0;
}

void expect_quarantine_finding(Scene& scene, bool raised) {
  auto connection = scene.mirror.database.connect();
  sync::refresh_findings(connection, scene.mirror.options, scene.mirror.board());
  CHECK(scene.has_finding("quarantine", "") == raised);
}

void heal_and_expect_truth(Scene& scene) {
  scene.workos.clear_faults();
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  CHECK(scene.count("SELECT count(*) FROM workos.quarantine") == 0);
  expect_quarantine_finding(scene, false);
  CHECK(scene.mirror.differences() == std::vector<std::string>{});
  CHECK(scene.dead().empty());
}

void update_all_others(Scene& scene, const std::string& table, const std::string& victim) {
  const Kind kind = *simulator::find_kind(table);
  for (const auto& id : scene.listed(kind)) {
    if (id == victim) continue;
    scene.with_store([&](simulator::Store& store) { store.update(kind, id, {{"external_id", "new"}}); });
  }
}

}  // namespace

TEST_CASE(
    "an object that turns undecodable is parked, its row and all others live on, and it leaves the quarantine healed") {
  for (const auto& poison : poisons()) {
    DYNAMIC_SECTION(poison.fault << " " << poison.parameters.text("field") << poison.parameters.text("value") << " in "
                                 << poison.table) {
      Scene scene;
      REQUIRE(MirrorFixture::all_certified(scene.sync()));
      const auto victim = choose_victim(scene, poison.table);
      update_all_others(scene, poison.table, victim);
      spoil(scene, poison, victim);
      const auto results = scene.sync();
      REQUIRE(scene.workos.fired(poison.fault) > 0);
      const auto& result = MirrorFixture::of(results, poison.table);
      CAPTURE(why_not(result));
      CHECK(result.is_certified() == poison.certified);
      REQUIRE(result.snapshot);
      CHECK(result.snapshot->counts.poisoned >= 1);
      CHECK(result.snapshot->counts.candidates == 0);  // it was listed, whatever it looks like
      CHECK(is_in_quarantine(scene, poison.table));
      expect_quarantine_finding(scene, true);
      CHECK(scene.dead().empty());
      CHECK(differences_from_healthy(scene) == std::vector<std::string>{});
      heal_and_expect_truth(scene);
    }
  }
}

TEST_CASE("an object that was never decodable is missing until it is healed, and nothing else is") {
  for (const auto& poison : poisons()) {
    DYNAMIC_SECTION(poison.fault << " " << poison.parameters.text("field") << poison.parameters.text("value") << " in "
                                 << poison.table) {
      Scene scene;
      const auto victim = choose_victim(scene, poison.table);
      spoil(scene, poison, victim);
      (void)scene.sync();
      REQUIRE(scene.workos.fired(poison.fault) > 0);
      CHECK(is_in_quarantine(scene, poison.table));
      CHECK(scene.count("SELECT count(*) FROM workos." + poison.table + " WHERE id = '" + victim + "'") == 0);
      const auto expected = static_cast<std::int64_t>(scene.listed(*simulator::find_kind(poison.table)).size()) - 1;
      CHECK(scene.count("SELECT count(*) FROM workos." + poison.table) == expected);
      heal_and_expect_truth(scene);
    }
  }
}

TEST_CASE("an object of the year 275760 is parked, and one of the year 9999 is mirrored") {
  Scene scene;
  const auto users = scene.listed(Kind::users);
  const auto set_updated_at = [&](const std::string& id, const char* text) {
    scene.with_store([&](simulator::Store& store) {
      store.update(Kind::users, id, {{"updated_at", text}}, {.event = false, .touch = false});
    });
  };
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  set_updated_at(users[10], "+275760-09-13T00:00:00.000Z");
  set_updated_at(users[20], "9999-12-31T23:59:59.999Z");
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  CHECK(scene.value("SELECT id FROM workos.quarantine WHERE table_name = 'users'") == users[10]);
  CHECK(scene.dead().empty());
  CHECK(scene.value("SELECT updated_at FROM workos.users WHERE id = '" + users[20] + "'").starts_with("9999-12-31"));

  set_updated_at(users[10], "2026-02-01T00:00:00.000Z");
  set_updated_at(users[20], "2026-02-01T00:00:00.000Z");
  heal_and_expect_truth(scene);
}

TEST_CASE("a page that is mostly poison stops its stream with a clear error, and nothing of it is stored") {
  Scene scene;
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  auto users = scene.listed(Kind::users);
  users.resize(60);
  std::string ids;
  for (const auto& id : users) ids += (ids.empty() ? "" : ",") + id;
  scene.workos.arm({.name = "bad-timestamp", .target = "users", .parameters = {{"ids", ids}}});
  const auto results = scene.sync();
  REQUIRE(scene.workos.fired("bad-timestamp") > 0);
  const auto& result = MirrorFixture::of(results, "users");
  CHECK_FALSE(result.snapshot);
  CHECK(result.fault == Fault::bad_data);
  CHECK_THAT(result.error, ContainsSubstring("most objects on a page of users can't be decoded (60 of 100"));
  CHECK_THAT(result.next_step, ContainsSubstring("newer version"));
  CHECK(scene.has_finding("stream_failed", "users"));
  CHECK(MirrorFixture::of(results, "invitations").is_certified());
  CHECK_FALSE(is_in_quarantine(scene, "users"));
  heal_and_expect_truth(scene);
}

TEST_CASE("an undecodable object that is deleted at the source leaves the quarantine with it") {
  Scene scene;
  const auto victim = choose_victim(scene, "invitations");
  spoil(scene, {"bad-timestamp", "invitations"}, victim);
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  REQUIRE(is_in_quarantine(scene, "invitations"));
  scene.erase(Kind::invitations, victim);
  heal_and_expect_truth(scene);
}
