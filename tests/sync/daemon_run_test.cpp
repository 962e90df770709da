#include <nlohmann/json.hpp>

#include "db/transaction.hpp"
#include "http/health_report.hpp"
#include "tests/catch.hpp"
#include "tests/harness/engine_process.hpp"
#include "tests/harness/wait_until.hpp"

using namespace mirror;
using namespace mirror::harness;
using simulator::Kind;
using simulator::World;
using sync::Role;

namespace {

constexpr std::chrono::seconds longest_stop{15};  // five are promised, on a free machine

struct Running : MirrorFixture {
  explicit Running(simulator::SimulatorOptions directory = small()) : MirrorFixture(std::move(directory)) {}

  static simulator::SimulatorOptions small() {
    return {.directory = {.organizations = 5, .users = 120, .memberships = 150, .invitations = 20}};
  }
  void sweep_every(std::chrono::seconds interval) {
    for (const char* stream : {"organizations", "users", "organization_memberships", "invitations"}) {
      options.streams[stream] = {.sweep_interval = interval, .sweep_jitter = 0};
    }
  }
  EngineProcess& start() {
    daemon_ = std::make_unique<EngineProcess>(*this);
    daemon_->start();
    return *daemon_;
  }
  std::int64_t certified(const std::string& stream) {
    return database.count("SELECT count(*) FROM workos.snapshots WHERE state = 'certified' AND stream = '" + stream +
                          "'");
  }
  bool is_filled() {
    return wait_until([&] {
      return certified("organization_memberships") > 0 && certified("users") > 0 && certified("invitations") > 0;
    });
  }
  std::string create_user() {
    return workos.with([](World& world) {
      return world.store.create(Kind::users, {{"email", "new.person@people.example"}}).id;
    });
  }
  bool has_user(const std::string& id) {
    return database.count("SELECT count(*) FROM workos.users_live WHERE id = '" + id + "'") == 1;
  }

 private:
  std::unique_ptr<EngineProcess> daemon_;
};

}  // namespace

TEST_CASE("the daemon fills the mirror at its start and sweeps again whenever a stream is due") {
  Running mirror;
  mirror.sweep_every(std::chrono::seconds(1));
  mirror.start();
  REQUIRE(mirror.is_filled());
  const auto id = mirror.create_user();
  CHECK(wait_until([&] { return mirror.has_user(id); }));
  CHECK(
      wait_until([&] { return mirror.certified("users") >= 3 && mirror.certified("organization_memberships") >= 3; }));
  CHECK(mirror.differences().empty());
}

TEST_CASE("a restarted daemon does not walk what is not due") {
  Running mirror;
  mirror.sweep_every(std::chrono::hours(1));
  REQUIRE(MirrorFixture::all_certified(mirror.sync()));
  auto& daemon = mirror.start();
  REQUIRE(wait_until([&] { return daemon.board().streams()["users"].certified_at.has_value(); }));
  mirror.workos.with([](World& world) { world.log.clear(); });
  // A pass that is asked for shows that the loops run; it is the only one.
  CHECK(MirrorFixture::all_certified(EngineProcess(mirror).engine().sync(never_stopped())));
  CHECK(mirror.certified("users") == 2);
}

TEST_CASE("a shorter interval applies to a running daemon, and so does a new limit of the brake") {
  Running mirror;
  mirror.sweep_every(std::chrono::hours(1));
  auto& daemon = mirror.start();
  REQUIRE(mirror.is_filled());
  mirror.workos.with([](World& world) {
    for (int i = 0; i < 3; ++i)
      world.store.erase(Kind::invitations, world.store.table(Kind::invitations).order().begin()->second->id);
  });
  mirror.sweep_every(std::chrono::seconds(1));
  mirror.options.brake.max_count = 2;
  daemon.engine().reconfigure(mirror.options);
  // The interval counts from the next attempt on.
  CHECK(MirrorFixture::of(EngineProcess(mirror).engine().sync(never_stopped()), "invitations").snapshot->counts.held ==
        3);
  CHECK(wait_until([&] { return mirror.certified("users") >= 3; }));
}

TEST_CASE("the daemon is ready only when every stream has a certified snapshot") {
  Running mirror;
  mirror.workos.arm({.name = "403-one-list", .target = "invitations"});
  auto& daemon = mirror.start();
  SystemClock clock;
  const http::Health health(daemon.board(), clock, mirror.options);
  REQUIRE(wait_until([&] {
    return mirror.certified("organization_memberships") > 0 && mirror.certified("users") > 0 &&
           daemon.finding("stream_refused", "invitations");
  }));
  CHECK(health.report().state == http::HealthReport::State::failing);
  REQUIRE(wait_until([&] { return health.reasons_not_ready().size() == 1; }));
  CHECK_THAT(health.reasons_not_ready()[0], ContainsSubstring("invitations"));

  mirror.workos.clear_faults();
  CHECK(wait_until([&] { return health.reasons_not_ready().empty(); }, std::chrono::seconds(60)));
  CHECK(wait_until([&] { return health.report().state == http::HealthReport::State::ok; }));
  CHECK(mirror.differences().empty());
}

TEST_CASE("an API that is away at the start and later is waited for, and health says so meanwhile") {
  Running mirror;
  mirror.sweep_every(std::chrono::seconds(1));
  const int port = mirror.workos.port();
  mirror.workos.stop();
  auto& daemon = mirror.start();
  REQUIRE(wait_until([&] { return daemon.finding("stream_failed", "users").has_value(); }, std::chrono::seconds(90)));
  CHECK_THAT(daemon.finding("stream_failed", "users")->cause, ContainsSubstring("127.0.0.1"));
  mirror.workos.start(port);
  REQUIRE(wait_until([&] { return mirror.is_filled(); }, std::chrono::seconds(90)));
  CHECK(wait_until([&] { return daemon.board().findings().empty(); }, std::chrono::seconds(60)));

  mirror.workos.stop();
  CHECK(wait_until([&] { return daemon.finding("stream_failed", "users").has_value(); }, std::chrono::seconds(90)));
  const auto id = mirror.create_user();
  mirror.workos.start(port);
  CHECK(wait_until([&] { return mirror.has_user(id); }, std::chrono::seconds(90)));
  CHECK(wait_until([&] { return daemon.board().findings().empty(); }, std::chrono::seconds(60)));
  CHECK(mirror.differences().empty());
}

TEST_CASE("a restart while the API is away stands by with a finding until the environment can be recognised") {
  Running mirror;
  REQUIRE(MirrorFixture::all_certified(mirror.sync()));
  const int port = mirror.workos.port();
  mirror.workos.stop();
  auto& daemon = mirror.start();
  REQUIRE(wait_until([&] { return daemon.finding("api_away").has_value(); }, std::chrono::seconds(90)));
  CHECK(daemon.finding("api_away")->severity == sync::Severity::failing);
  mirror.workos.start(port);
  CHECK(wait_until([&] { return daemon.is(Role::writer) && !daemon.finding("api_away"); }, std::chrono::seconds(90)));
}

TEST_CASE("the daemon stops within seconds while the API drips an answer or hangs in the middle of one") {
  const std::string pause_ms = GENERATE(as<std::string>{}, "100", "60000");
  Running mirror;
  mirror.workos.arm({.name = "slow-drip", .count = -1, .parameters = {{"interval_ms", pause_ms}}});
  auto& daemon = mirror.start();
  REQUIRE(wait_until([&] { return mirror.workos.fired("slow-drip") >= 2; }));
  CHECK(daemon.stop() < longest_stop);
  CHECK_FALSE(daemon.failure().has_value());
}

TEST_CASE("the daemon stops within seconds while another session blocks its writes, and goes on later") {
  Running mirror;
  auto blocker = mirror.database.connect("blocker");
  auto transaction = std::make_unique<db::Transaction>(blocker);
  // The daemon reads the lease every few seconds, by another connection than the one that writes.
  const auto [locked, who] =
      GENERATE(table<std::string, std::string>({{"users", "writer"}, {"lease", "writer"}, {"lease", "control"}}));
  CAPTURE(locked, who);
  auto& daemon = mirror.start();
  if (locked == "lease") REQUIRE(wait_until([&] { return daemon.is(Role::writer); }));
  transaction->run("LOCK TABLE workos." + locked + " IN ACCESS EXCLUSIVE MODE");
  REQUIRE(wait_until([&, connection = who] {
    return mirror.database.count(
               "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
               " AND wait_event_type = 'Lock' AND application_name LIKE 'authkit-mirror " +
               connection + "%'") > 0;
  }));
  CHECK(daemon.stop() < longest_stop);
  CHECK_FALSE(daemon.failure().has_value());
  transaction.reset();
  CHECK(MirrorFixture::all_certified(mirror.sync()));
  CHECK(mirror.differences().empty());
}

TEST_CASE("a stop in the middle of a load leaves committed pages and a lease that is free at once") {
  Running mirror({.directory = {.organizations = 30, .users = 4'000, .memberships = 5'000},
                  .latency = std::chrono::milliseconds(5)});
  auto& daemon = mirror.start();
  REQUIRE(wait_until([&] { return mirror.database.count("SELECT count(*) FROM workos.users") > 500; }));
  CHECK(daemon.stop() < longest_stop);
  CHECK(mirror.database.value("SELECT holder IS NULL FROM workos.lease") == "t");
  CHECK(mirror.database.count("SELECT rows FROM workos.snapshots WHERE stream = 'users'") ==
        mirror.database.count("SELECT count(*) FROM workos.users"));
}
