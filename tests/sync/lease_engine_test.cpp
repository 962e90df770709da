#include <memory>
#include <nlohmann/json.hpp>

#include "db/transaction.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/harness/database_access.hpp"
#include "tests/harness/engine_process.hpp"
#include "tests/harness/wait_until.hpp"
#include "tests/simulator/changes.hpp"

using namespace mirror;
using namespace mirror::harness;
using simulator::Kind;
using simulator::World;
using sync::Role;

namespace {

/// Two daemons, or a daemon and a command, on one database: directly, or through a pooler in transaction mode.
struct Shared : MirrorFixture {
  explicit Shared(Way way) : MirrorFixture({.directory = {.organizations = 5, .users = 300, .memberships = 350}}) {
    reach = database.options();
    if (way == Way::pooled) {
      pgbouncer = std::make_unique<Pgbouncer>(database.cluster_url());
      reach.url = pgbouncer->url(database.name());
    }
    if (db::Connection(reach, "test").is_pooled() != (way == Way::pooled)) throw std::runtime_error("not that way");
  }

  std::unique_ptr<EngineProcess> process() { return std::make_unique<EngineProcess>(reach, options, api_options); }
  std::unique_ptr<EngineProcess> running(Role role) {
    auto daemon = process();
    daemon->start();
    if (!wait_until([&] { return daemon->is(role); })) throw std::runtime_error("the daemon did not get its role");
    return daemon;
  }

  std::string holder() { return database.value("SELECT holder FROM workos.lease"); }
  bool is_filled() {
    return wait_until([&] { return snapshots() >= 4; }) && differences().empty();
  }
  std::int64_t snapshots() { return database.count("SELECT count(*) FROM workos.snapshots WHERE state = 'certified'"); }
  /// A numbered change feed without a gap, up to where the lease says it is.
  bool feed_is_gapless() {
    return database.value(
               "SELECT count(*) = coalesce(max(seq), 0) AND count(*) = (SELECT feed_seq FROM workos.lease)"
               " FROM workos.changes") == "t";
  }
  /// Ends the sessions that `instance` has at this moment, as a takeover or an administrator would.
  void end_sessions(const std::string& instance) {
    database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '% " +
                     instance + "'");
  }

  std::unique_ptr<Pgbouncer> pgbouncer;
  db::DatabaseOptions reach;
};

}  // namespace

TEST_CASE("of two daemons one writes and the other stands by, and is ready, until the lease is given back") {
  Shared mirror(GENERATE(Way::direct, Way::pooled));
  auto first = mirror.running(Role::writer);
  REQUIRE(mirror.is_filled());
  auto second = mirror.running(Role::standby);
  const auto holder = mirror.holder();
  CHECK(wait_until([&] { return second->board().streams()["users"].certified_at.has_value(); }));
  CHECK(second->board().findings().empty());
  CHECK(mirror.holder() == holder);

  first->stop();
  CHECK(wait_until([&] { return second->is(Role::writer); }, std::chrono::seconds(10)));
  CHECK(mirror.holder() != holder);
  CHECK_FALSE(first->failure().has_value());
}

TEST_CASE("a standby does not write into a schema that a newer version made meanwhile") {
  Shared mirror(Way::direct);
  auto first = mirror.running(Role::writer);
  REQUIRE(mirror.is_filled());
  auto second = mirror.running(Role::standby);
  mirror.database.execute(
      "INSERT INTO workos.schema_migrations (number, name, checksum, version) VALUES (9999, 'future', 'x', '99')");
  first->stop();
  CHECK(wait_until([&] { return second->failure().has_value(); }));
  CHECK(std::string(second->failure()->what()).find("newer version") != std::string::npos);
  CHECK(mirror.database.value("SELECT holder IS NULL FROM workos.lease") == "t");
}

TEST_CASE("a standby takes over at once when the sessions of the holder are gone") {
  Shared mirror(Way::direct);
  auto first = mirror.running(Role::writer);
  REQUIRE(mirror.is_filled());
  const auto holder = mirror.holder();
  auto second = mirror.running(Role::standby);
  // The time to live is 15 s: what is faster is the look at pg_stat_activity. Promised is one second, on a free
  // machine. The old holder may be the first to take the lease back.
  CHECK(wait_until(
      [&] {
        if (mirror.holder() != holder) return true;
        mirror.end_sessions(holder);
        return false;
      },
      std::chrono::seconds(10)));
  CHECK(wait_until([&] { return second->is(Role::writer) && first->is(Role::standby); }));

  mirror.workos.with(
      [](World& world) { world.store.erase(Kind::users, world.store.table(Kind::users).order().begin()->second->id); });
  CHECK(MirrorFixture::all_certified(mirror.process()->engine().sync(never_stopped())));
  CHECK(mirror.differences().empty());
  CHECK(mirror.feed_is_gapless());
}

TEST_CASE("a pass beside a running daemon is made by the daemon and answered with its results") {
  Shared mirror(GENERATE(Way::direct, Way::pooled));
  auto daemon = mirror.running(Role::writer);
  REQUIRE(mirror.is_filled());
  const auto token = mirror.database.value("SELECT token FROM workos.lease");
  // A sign-in has no event, so the daemon's tail can't be faster than the pass.
  mirror.workos.with([](World& world) { simulator::Changes(world.store, 1).sign_in(1); });
  REQUIRE_FALSE(mirror.differences().empty());

  const auto results = mirror.process()->engine().sync(never_stopped());

  REQUIRE(results.size() == 4);
  CHECK(MirrorFixture::all_certified(results));
  CHECK(MirrorFixture::of(results, "users").snapshot->counts.changed == 1);
  CHECK(mirror.database.value("SELECT token FROM workos.lease") == token);
  CHECK(mirror.database.value("SELECT string_agg(kind || ' ' || outcome, ', ') FROM workos.commands") == "sync done");
  CHECK(mirror.differences().empty());
}

TEST_CASE("a failed stream of a pass that the daemon made is reported to the one who asked") {
  Shared mirror(Way::direct);
  auto daemon = mirror.running(Role::writer);
  REQUIRE(mirror.is_filled());
  mirror.workos.arm({.name = "403-one-list", .target = "invitations"});
  const auto results = mirror.process()->engine().sync(never_stopped());
  const auto& failed = MirrorFixture::of(results, "invitations");
  CHECK_FALSE(failed.snapshot.has_value());
  CHECK(failed.fault == Fault::refused);
  CHECK_THAT(failed.error, ContainsSubstring("403"));
  CHECK(MirrorFixture::of(results, "users").is_certified());
}

TEST_CASE("decisions beside a running daemon are made by the daemon") {
  Shared mirror(GENERATE(Way::direct, Way::pooled));
  mirror.options.brake.max_count = 5;
  auto daemon = mirror.running(Role::writer);
  REQUIRE(mirror.is_filled());
  mirror.workos.with([](World& world) {
    for (int i = 0; i < 6; ++i)
      world.store.erase(Kind::invitations, world.store.table(Kind::invitations).order().begin()->second->id);
  });
  auto command = mirror.process();
  REQUIRE(MirrorFixture::of(command->engine().sync(never_stopped()), "invitations").snapshot->counts.held == 6);
  const int hold = static_cast<int>(mirror.database.count("SELECT id FROM workos.holds WHERE state = 'open'"));

  const auto unknown = caught_error([&] { command->engine().approve(hold + 1, "tester", never_stopped()); });
  CHECK(unknown.fault() == Fault::usage);
  CHECK_THAT(unknown.next_step(), ContainsSubstring("authkit-mirror holds"));
  const auto outcome = command->engine().approve(hold, "tester", never_stopped());
  CHECK(outcome.deleted == 6);
  CHECK(outcome.kept == 0);
  CHECK(mirror.database.value("SELECT state || ' by ' || decided_by FROM workos.holds") == "approved by tester");
  CHECK(mirror.differences().empty());
}

TEST_CASE("a request that the holder never answered is done by the one who asked, once the holder is gone") {
  Shared mirror(GENERATE(Way::direct, Way::pooled));
  mirror.options.lease_ttl = std::chrono::seconds(2);
  REQUIRE(MirrorFixture::all_certified(mirror.sync()));
  // A holder that is alive by its heartbeat but answers nothing; then it falls silent.
  mirror.database.execute(
      "UPDATE workos.lease SET holder = 'a hung daemon', holder_pid = NULL, token = token + 1,"
      " heartbeat_at = clock_timestamp()");
  CHECK(MirrorFixture::all_certified(mirror.process()->engine().sync(never_stopped())));
  CHECK(mirror.database.count("SELECT count(*) FROM workos.commands WHERE finished_at IS NULL") == 0);
}

TEST_CASE("a writer that lost the lease commits nothing and leaves the mirror to the new holder") {
  Shared mirror(GENERATE(Way::direct, Way::pooled));
  auto daemon = mirror.running(Role::writer);
  REQUIRE(mirror.is_filled());
  // Another holder, whose heartbeat is fresh for as long as the test lasts.
  mirror.database.execute(
      "UPDATE workos.lease SET holder = 'the new holder', holder_pid = NULL, token = token + 1,"
      " heartbeat_at = clock_timestamp() + interval '1 hour'");
  const auto changes = mirror.database.count("SELECT count(*) FROM workos.changes");
  const auto snapshots = mirror.database.count("SELECT count(*) FROM workos.snapshots");
  CHECK(wait_until([&] { return daemon->is(Role::standby); }));
  CHECK(mirror.holder() == "the new holder");
  CHECK(mirror.database.count("SELECT count(*) FROM workos.changes") == changes);
  CHECK(mirror.database.count("SELECT count(*) FROM workos.snapshots") == snapshots);
}
