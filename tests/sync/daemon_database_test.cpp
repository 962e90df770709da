#include <nlohmann/json.hpp>

#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/harness/engine_process.hpp"
#include "tests/harness/private_cluster.hpp"
#include "tests/harness/test_role.hpp"
#include "tests/harness/truth_comparison.hpp"
#include "tests/harness/wait_until.hpp"

using namespace mirror;
using namespace mirror::harness;
using simulator::Kind;
using simulator::World;

namespace {

simulator::SimulatorOptions small_directory() {
  return {.directory = {.organizations = 5, .users = 250, .memberships = 300, .invitations = 20}};
}

std::int64_t certified(TestDatabase& database) {
  return database.count("SELECT count(DISTINCT stream) FROM workos.snapshots WHERE state = 'certified'");
}

}  // namespace

TEST_CASE("a database that is away at the start and later is waited for, and health says so meanwhile") {
  MirrorFixture workos(small_directory());
  for (const char* stream : {"organizations", "users", "organization_memberships", "invitations"}) {
    workos.options.streams[stream] = {.sweep_interval = std::chrono::seconds(1), .sweep_jitter = 0};
  }
  PrivateCluster cluster;
  TestDatabase database(cluster.url(), Content::nothing);
  const auto is_away = [](const EngineProcess& daemon) { return daemon.finding("database_away").has_value(); };
  cluster.stop();
  EngineProcess daemon(database.options(), workos.options, workos.api_options);
  daemon.start();
  REQUIRE(wait_until([&] { return is_away(daemon); }));
  CHECK(daemon.finding("database_away")->severity == sync::Severity::failing);
  CHECK_FALSE(daemon.board().database_ready());

  cluster.start();
  REQUIRE(wait_until([&] { return daemon.is(sync::Role::writer) && !is_away(daemon); }, std::chrono::seconds(60)));
  REQUIRE(wait_until([&] { return certified(database) == 4; }));
  CHECK(daemon.board().database_ready());

  GENERATE(0, 1) == 0 ? cluster.stop() : cluster.kill();
  REQUIRE(wait_until([&] { return is_away(daemon); }, std::chrono::seconds(60)));
  const auto id = workos.workos.with([](World& world) {
    return world.store.create(Kind::users, {{"email", "new.person@people.example"}}).id;
  });
  cluster.start();
  CHECK(wait_until(
      [&] {
        try {
          return database.count("SELECT count(*) FROM workos.users_live WHERE id = '" + id + "'") == 1;
        } catch (const Error&) {
          return false;  // the test's own session died with the server
        }
      },
      std::chrono::seconds(60)));
  CHECK(wait_until([&] { return daemon.board().findings().empty(); }, std::chrono::seconds(60)));
  CHECK_FALSE(daemon.failure().has_value());
}

TEST_CASE("a full disk loses nothing: health says why, and the load goes on when there is space again") {
  MirrorFixture mirror(small_directory());
  mirror.database.execute(
      "CREATE FUNCTION public.no_space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;"
      "CREATE TRIGGER no_space BEFORE INSERT ON workos.users FOR EACH ROW WHEN (new.id > 'user_') "
      "EXECUTE FUNCTION public.no_space()");
  EngineProcess daemon(mirror);
  daemon.start();
  std::optional<sync::Finding> away;  // it is gone while the database is tried again
  REQUIRE(wait_until([&] { return (away = daemon.finding("database_away")).has_value(); }));
  CHECK_THAT(away->cause, ContainsSubstring("No space left on device"));
  CHECK(mirror.database.count("SELECT count(*) FROM workos.users") == 0);
  CHECK(mirror.database.count("SELECT count(*) FROM workos.quarantine") == 0);

  mirror.database.execute("DROP TRIGGER no_space ON workos.users");
  REQUIRE(wait_until([&] { return certified(mirror.database) == 4; }, std::chrono::seconds(60)));
  CHECK(wait_until([&] { return !daemon.finding("database_away"); }));
  daemon.stop();
  CHECK(mirror.differences().empty());
}

TEST_CASE("a database user without the right to create gets a clear error before anything is written") {
  MirrorFixture mirror(small_directory());
  TestDatabase empty(Content::nothing);
  const TestRole role(empty);
  EngineProcess process(role.options(), mirror.options, mirror.api_options);
  const auto error = caught_error([&] { process.engine().sync(never_stopped()); });
  CHECK(error.fault() == Fault::refused);
  CHECK_THAT(error.what(), ContainsSubstring("permission denied"));
  CHECK_THAT(error.next_step(), ContainsSubstring("Grant the missing privilege"));

  process.start();  // the daemon tells it at once, too
  REQUIRE(wait_until([&] { return process.has_ended(); }));
  process.stop();
  CHECK(process.failure()->fault() == Fault::refused);
}

TEST_CASE("a database user who may not write the tables ends the daemon's start with a clear error") {
  MirrorFixture mirror(small_directory());
  const TestRole role(mirror.database);
  mirror.database.execute("GRANT USAGE ON SCHEMA workos TO " + role.name() +
                          "; GRANT SELECT ON ALL TABLES IN SCHEMA workos TO " + role.name());
  EngineProcess process(role.options(), mirror.options, mirror.api_options);
  process.start();
  REQUIRE(wait_until([&] { return process.has_ended(); }));
  process.stop();
  CHECK(process.failure()->fault() == Fault::refused);
  CHECK_THAT(process.failure()->what(), ContainsSubstring("permission denied"));
}
