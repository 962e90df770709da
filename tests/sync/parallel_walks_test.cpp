// Lists that are read by several walks side by side, while they change and while processes end.

#include <atomic>
#include <thread>

#include "tests/catch.hpp"
#include "tests/harness/engine_process.hpp"
#include "tests/harness/wait_until.hpp"
#include "tests/simulator/changes.hpp"

using namespace mirror;
using namespace mirror::harness;
using simulator::Kind;
using simulator::World;

namespace {

simulator::SimulatorOptions slow_directory() {
  return {.directory = {.organizations = 40, .users = 6'000, .memberships = 5'000, .invitations = 1'500},
          .latency = std::chrono::milliseconds(10)};
}

/// A directory that lives: its users, memberships and invitations are created, changed and deleted, one change after
/// another, until it is told to rest.
class Life {
 public:
  explicit Life(simulator::Simulator& workos)
      : thread_([this, &workos](const std::stop_token& stop) {
          for (std::uint64_t seed = 1; !stop.stop_requested(); ++seed) {
            workos.with([&](World& world) {
              simulator::Changes changes(world.store, seed);
              for (const auto kind : {Kind::users, Kind::organization_memberships, Kind::invitations}) {
                changes.create(kind, 1);
                changes.update(kind, 1);
                if (kind != Kind::invitations) changes.erase(kind, 1);  // of which no event tells
              }
            });
            changes_ += 8;
            std::this_thread::yield();
          }
        }) {}

  /// Returns how many changes there were.
  int rest() {
    thread_.request_stop();
    thread_.join();
    return changes_;
  }

 private:
  std::atomic<int> changes_{0};
  std::jthread thread_;
};

struct Parallel : MirrorFixture {
  Parallel() : MirrorFixture(slow_directory()) {
    options.smallest_segment = 200;
    options.brake = {.max_count = 1'000'000, .min_count = 1'000'000};
    options.events.poll_interval = options.events.idle_interval = std::chrono::milliseconds(20);
  }

  std::int64_t segments(const std::string& stream) {
    return database.count("SELECT count(*) FROM workos.walks WHERE stream = '" + stream + "' AND segment <> ''");
  }
  std::int64_t finished() { return database.count("SELECT count(*) FROM workos.snapshots WHERE state <> 'running'"); }
};

}  // namespace

TEST_CASE("a directory that changes under walks side by side is mirrored once the events are followed") {
  Parallel mirror;
  EngineProcess daemon(mirror);
  Life life(mirror.workos);
  daemon.start();
  REQUIRE(wait_until([&] { return mirror.segments("users") > 2; }));
  REQUIRE(wait_until([&] { return mirror.finished() >= 4; }, std::chrono::seconds(60)));
  CHECK(EngineProcess(mirror).engine().sync(never_stopped()).size() == 4);  // the daemon sweeps
  CHECK(life.rest() > 300);
  CHECK(wait_until([&] { return mirror.differences().empty(); }, std::chrono::seconds(30)));
  daemon.stop();
  // Of deletions the events told, or a list that proved it; what is alive is never marked dead.
  CHECK(mirror.database.count(
            "SELECT count(*) FROM workos.snapshots WHERE state NOT IN ('certified', 'uncertified')") == 0);
}

TEST_CASE("a first load of users is cut where memberships bring some, and that of invitations read from both ends") {
  Parallel mirror;
  EngineProcess daemon(mirror);
  daemon.start();
  CHECK(wait_until([&] { return mirror.segments("users") > 2; }));
  CHECK(wait_until([&] { return mirror.segments("invitations") == 1 || mirror.finished() == 4; }));
  REQUIRE(wait_until([&] { return mirror.finished() == 4; }, std::chrono::seconds(60)));
  daemon.stop();
  CHECK(mirror.differences().empty());
  CHECK(mirror.segments("users") == 0);
  CHECK(mirror.database.value(
            "SELECT rows || ' ' || inserted + unchanged FROM workos.snapshots WHERE stream = 'users'") == "6000 6000");
}

TEST_CASE("of walks side by side that were stopped each goes on where it stood") {
  Parallel mirror;
  {
    EngineProcess daemon(mirror);
    daemon.start();
    REQUIRE(wait_until([&] { return mirror.segments("users") > 2; }));
    daemon.stop();
  }
  const auto read = mirror.database.count("SELECT rows FROM workos.snapshots WHERE stream = 'users'");
  REQUIRE(mirror.segments("users") > 2);
  REQUIRE(read < 6'000);
  mirror.options.parallel = GENERATE(0, 1);
  CHECK(MirrorFixture::all_certified(mirror.sync()));
  CHECK(mirror.differences().empty());
  CHECK(mirror.database.count("SELECT rows FROM workos.snapshots WHERE stream = 'users'") == 6'000);
}

TEST_CASE("a sweep by walks side by side finds what is gone, wherever it stood, and nothing else") {
  Parallel mirror;
  REQUIRE(MirrorFixture::all_certified(mirror.sync()));
  const auto gone = mirror.workos.with([](World& world) {
    simulator::Changes changes(world.store, 3);
    return changes.erase(Kind::users, 150, false).size() + changes.erase(Kind::invitations, 50, false).size();
  });
  REQUIRE(gone == 200);
  CHECK(MirrorFixture::all_certified(mirror.sync()));
  CHECK(mirror.differences().empty());
  CHECK(mirror.database.count("SELECT count(*) FROM workos.users WHERE _deleted_by = 'sweep'") == 150);
  CHECK(mirror.database.count("SELECT count(*) FROM workos.invitations WHERE _deleted_by = 'sweep'") == 50);
}
