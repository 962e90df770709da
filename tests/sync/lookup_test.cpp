// How the writer learns what the mirror holds of the objects on a page: from the page's range, proven by the primary
// key.

#include "tests/catch.hpp"
#include "tests/sync/scene.hpp"

using namespace mirror;
using namespace mirror::tests;
using harness::MirrorFixture;

namespace {

std::string last_sweep(Scene& scene) {
  return scene.value(
      "SELECT inserted || ' ' || changed || ' ' || unchanged FROM workos.snapshots WHERE stream = 'users' "
      "ORDER BY id DESC LIMIT 1");
}

}  // namespace

TEST_CASE("rows that stand outside of their page's range are found by id, and nothing is stored twice") {
  Scene scene;
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  // A row without its time of creation, as a tombstone of something never seen is; and one at a wrong time.
  const auto ids = scene.listed(simulator::Kind::users);
  const std::string no_hash = "_hash = decode(repeat('00', 24), 'hex')";
  scene.mirror.database.execute("UPDATE workos.users SET created_at = NULL, " + no_hash + " WHERE id = '" + ids[7] +
                                "'");
  scene.mirror.database.execute("UPDATE workos.users SET created_at = '1999-12-31Z', " + no_hash + " WHERE id = '" +
                                ids[250] + "'");
  CHECK(MirrorFixture::all_certified(scene.sync()));
  CHECK(last_sweep(scene) == "0 2 348");
  CHECK(scene.mirror.differences() == std::vector<std::string>{});
  CHECK(scene.mirror.database.count("SELECT count(*) FROM workos.users") == 350);
}

TEST_CASE("a tombstone without a time of creation keeps the page of a first load from bringing the object in") {
  Scene scene;
  scene.mirror.options.streams["users"].enabled = false;
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  const auto id = scene.listed(simulator::Kind::users)[120];
  // The page was read before the deletion.
  scene.mirror.database.execute(
      "INSERT INTO workos.users (_env, id, _observed_at, _deleted_at, _deleted_by, _event_id) VALUES ('default', '" +
      id + "', '2100-01-01Z', '2100-01-01Z', 'event', 'event_1')");
  scene.mirror.options.streams["users"].enabled = true;
  CHECK(MirrorFixture::all_certified(scene.sync()));
  CHECK(scene.mirror.database.count("SELECT count(*) FROM workos.users_live") == 349);
  CHECK(scene.value("SELECT _deleted_by FROM workos.users WHERE id = '" + id + "'") == "event");
}
