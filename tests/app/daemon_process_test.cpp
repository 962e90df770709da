#include "tests/app/program.hpp"
#include "tests/app/scratch.hpp"
#include "tests/catch.hpp"

using namespace mirror;
using namespace mirror::harness;
using namespace mirror::test;
using simulator::Kind;
using simulator::World;

namespace {

constexpr std::chrono::seconds longest_stop{15};  // five are promised, on a free machine

bool is_filled(ProgramFixture& mirror) {
  return wait_until([&] {
    return mirror.database().value("SELECT to_regclass('workos.snapshots') IS NOT NULL") == "t" &&
           mirror.certified() == 4;
  });
}

}  // namespace

TEST_CASE("the daemon serves health, becomes ready with its first certificates, and SIGTERM ends it with 0") {
  ProgramFixture mirror;
  mirror.workos.arm(
      {.name = "slow-drip", .target = "invitations", .count = 1, .skip = 1, .parameters = {{"bytes", "200"}}});
  auto daemon = mirror.start({"run"});
  CHECK(daemon->ask("/livez").status == 200);
  REQUIRE(wait_until([&] { return mirror.workos.fired("slow-drip") > 0; }));
  CHECK(daemon->ask("/readyz").status == 503);
  REQUIRE(is_filled(mirror));
  CHECK(wait_until([&] { return daemon->ask("/readyz").status == 200; }));
  CHECK(daemon->ask("/healthz").status == 200);
  daemon->process().signal(SIGTERM);
  CHECK(daemon->process().wait_for(longest_stop) == 0);
  CHECK(mirror.holder().empty());
  CHECK(mirror.differences().empty());
}

TEST_CASE("SIGHUP applies what can be reloaded and names what can't, and a wrong file changes nothing") {
  ProgramFixture mirror;
  const Scratch scratch;
  const auto config = scratch.file("mirror.toml", "[brake]\nmax_count = 500\n");
  auto daemon = mirror.start({"run", "--config", config});
  REQUIRE(is_filled(mirror));

  scratch.file("mirror.toml", "[brake]\nmax_count = -1\n");
  daemon->process().signal(SIGHUP);
  CHECK(wait_until([&] { return daemon->has_printed("reload failed, the configuration stays as it was"); }));
  scratch.file("mirror.toml", "[brake]\nmax_count = 5\nmin_count = 5\n[database]\nschema = \"elsewhere\"\n");
  daemon->process().signal(SIGHUP);
  CHECK(wait_until([&] {
    return daemon->has_printed("reload: applied brake.max_count, brake.min_count; needs a restart: database.schema");
  }));

  mirror.workos.with([](World& world) {
    for (int i = 0; i < 6; ++i) {
      world.store.erase(Kind::invitations, world.store.table(Kind::invitations).order().begin()->second->id);
    }
  });
  // The pass is the daemon's: its new limit holds, not that of the command.
  const auto pass = mirror.run({"sync"});
  CAPTURE(pass.output, daemon->output());
  CHECK(pass.code == 1);
  CHECK(mirror.database().count("SELECT count(*) FROM workos.invitations_live") == 30);
}

TEST_CASE("a standby takes over within the time that is promised when the writer is killed") {
  const auto way = GENERATE(Way::direct, Way::pooled);
  ProgramFixture mirror(ProgramFixture::small(), way);
  REQUIRE(mirror.is_pooled() == (way == Way::pooled));
  // Directly the end of the session tells, long before the lease is over; behind a pooler no session tells.
  const std::chrono::seconds ttl{way == Way::direct ? 60 : 10};
  const std::vector<std::string> arguments{"run", "--set", "lease.ttl=" + std::to_string(ttl.count()) + "s"};
  auto first = mirror.start(arguments);
  REQUIRE(is_filled(mirror));
  auto second = mirror.start(arguments);
  REQUIRE(wait_until([&] { return second->role() == "standby"; }));
  CHECK(wait_until([&] { return second->ask("/readyz").status == 200; }));
  const auto holder = mirror.holder();

  first->process().signal(SIGKILL);
  first->process().wait();
  const auto killed = std::chrono::steady_clock::now();
  REQUIRE(wait_until([&] { return mirror.holder() != holder; }, std::chrono::seconds(40)));
  const auto delay = std::chrono::steady_clock::now() - killed;
  CAPTURE(std::chrono::duration_cast<std::chrono::milliseconds>(delay).count());
  // One second on a free machine, or one more than the lease lives.
  CHECK(delay < (way == Way::direct ? std::chrono::seconds(15) : ttl + std::chrono::seconds(10)));
  CHECK(wait_until([&] { return second->role() == "writer"; }));
  CHECK(mirror.run({"sync"}).code == 0);
  CHECK(mirror.differences().empty());
}

TEST_CASE("a writer that was paused in the middle of a load and wakes up after a takeover commits nothing") {
  const auto way = GENERATE(Way::direct, Way::pooled);
  ProgramFixture mirror({.directory = {.organizations = 20, .users = 6'000, .memberships = 6'000},
                         .latency = std::chrono::milliseconds(5)},
                        way);
  const std::vector<std::string> arguments{"run", "--set", "lease.ttl=8s"};
  auto paused = mirror.start(arguments);
  REQUIRE(wait_until([&] {
    return mirror.database().value("SELECT to_regclass('workos.users') IS NOT NULL") == "t" &&
           mirror.database().count("SELECT count(*) FROM workos.users") > 1'000;
  }));
  const auto old_holder = mirror.holder();
  paused->process().signal(SIGSTOP);
  auto next = mirror.start(arguments);
  REQUIRE(wait_until([&] { return mirror.holder() != old_holder; }, std::chrono::seconds(60)));
  const auto new_holder = mirror.holder();
  paused->process().signal(SIGCONT);
  REQUIRE(wait_until([&] { return paused->role() == "standby"; }));
  REQUIRE(wait_until([&] { return mirror.certified() == 4; }, std::chrono::seconds(60)));
  CHECK(mirror.holder() == new_holder);
  CHECK(mirror.differences().empty());
  CHECK(mirror.database().count("SELECT count(*) FROM workos.changes WHERE op <> 'snapshot'") == 0);
  CHECK(mirror.database().value("SELECT count(*) = max(seq) AND max(seq) = (SELECT feed_seq FROM workos.lease)"
                                " FROM workos.changes") == "t");
  // Counted with the rows, in one transaction: a page that both had committed would show here.
  CHECK(mirror.database().count("SELECT rows FROM workos.snapshots WHERE stream = 'users'") == 6'000);
}
