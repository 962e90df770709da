// What of the API's text may stand in the database, and what never.

#include <nlohmann/json.hpp>

#include "tests/catch.hpp"
#include "tests/simulator/objects.hpp"
#include "tests/sync/scene.hpp"

using namespace mirror;
using namespace mirror::tests;
using harness::MirrorFixture;
using simulator::Kind;

namespace {

/// Whether some text of any table of the schema contains `needle`.
std::vector<std::string> tables_with(Scene& scene, const std::string& needle) {
  std::vector<std::string> found;
  for (const auto& row :
       scene.mirror.database.rows("SELECT relname FROM pg_class WHERE relnamespace = 'workos'::regnamespace"
                                  " AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname")) {
    const auto hits =
        scene.count("SELECT count(*) FROM workos." + row[0] + " AS r WHERE strpos(r::text, '" + needle + "') > 0");
    if (hits > 0) found.push_back(row[0]);
  }
  return found;
}

}  // namespace

TEST_CASE("a NUL and half a surrogate pair arrive as U+FFFD, wherever they stand") {
  const auto fault = GENERATE(as<std::string>{}, "nul", "lone-surrogate");
  CAPTURE(fault);
  Scene scene;
  for (const auto kind : simulator::all_kinds) {
    scene.workos.arm({.name = fault, .target = std::string(simulator::table_name(kind)), .count = 3});
  }
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  REQUIRE(scene.workos.fired(fault) >= 12);
  const std::string repaired = "before\uFFFDafter";
  for (const auto* sql :
       {"SELECT count(*) FROM workos.organizations WHERE name = '{}' AND _raw->>'name' = name",
        "SELECT count(*) FROM workos.users WHERE first_name = '{}' AND _raw->>'first_name' = first_name",
        "SELECT count(*) FROM workos.organization_memberships WHERE custom_attributes->>'note' = '{}'",
        "SELECT count(*) FROM workos.invitations WHERE role_slug = '{}'"}) {
    CAPTURE(sql);
    std::string query(sql);
    query.replace(query.find("{}"), 2, repaired);
    CHECK(scene.count(query) == 3);
  }
  scene.workos.clear_faults();
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  CHECK(scene.mirror.differences() == std::vector<std::string>{});
}

TEST_CASE("no secret of an invitation or a domain occurs anywhere in the database") {
  Scene scene;
  const auto invitations = scene.listed(Kind::invitations);
  const auto organizations = scene.listed(Kind::organizations);
  scene.workos.arm({.name = "bad-timestamp", .target = "invitations", .parameters = {{"ids", invitations[3]}}});
  scene.workos.arm({.name = "huge-number", .target = "organizations", .parameters = {{"ids", organizations[1]}}});
  scene.with_store([&](simulator::Store& store) {
    auto domains = store.object(Kind::organizations, organizations[2])["domains"];
    domains[0]["updated_at"] = "never";
    store.update(Kind::organizations, organizations[2], {{"domains", domains}});
    store.update(Kind::invitations, invitations[4], {{"details", {{"deep", {{"token", "a-token-in-the-deep"}}}}}});
  });
  (void)scene.sync();
  scene.with_store([&](simulator::Store& store) {
    store.update(Kind::invitations, invitations[5], {{"role_slug", "changed"}});
    store.erase(Kind::invitations, invitations[6]);
  });
  (void)scene.sync();
  REQUIRE(scene.count("SELECT count(*) FROM workos.quarantine WHERE raw <> ''") >= 2);
  REQUIRE(scene.count("SELECT count(*) FROM workos.changes WHERE table_name = 'invitations' AND before IS NOT NULL") >=
          2);

  std::vector<std::string> secrets{"a-token-in-the-deep", scene.workos.options().api_key};
  for (std::size_t i = 0; i < 8; ++i) {
    secrets.push_back(simulator::invitation_token(invitations[i]));
    secrets.push_back(simulator::accept_invitation_url(invitations[i]));
  }
  for (const auto& row : scene.mirror.database.rows("SELECT id FROM workos.organization_domains")) {
    secrets.push_back(simulator::invitation_token(row[0]));
  }
  REQUIRE(secrets.size() > 20);
  for (const auto& secret : secrets) CHECK(tables_with(scene, secret) == std::vector<std::string>{});
  for (const char* key : {"\"token\":", "\"accept_invitation_url\":", "\"verification_token\":"}) {
    CHECK(tables_with(scene, key) == std::vector<std::string>{});
  }
  // The search itself finds what is there.
  CHECK(tables_with(scene, "role_slug") ==
        std::vector<std::string>{"changes", "history_tables", "invitations", "quarantine"});
}
