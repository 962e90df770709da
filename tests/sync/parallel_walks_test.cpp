// Lists that are read by several walks side by side, while they change and while processes end.

#include <algorithm>
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
  return {.directory = {.organizations = 40, .users = 8'000, .memberships = 5'000, .invitations = 1'500},
          .latency = std::chrono::milliseconds(40)};
}

/// A directory that lives: whenever WorkOS has answered a request for a list, users, memberships and invitations are
/// created, changed and deleted, until it is told to rest.
class Life {
 public:
  explicit Life(simulator::Simulator& workos)
      : thread_([this, &workos](const std::stop_token& stop) {
          std::size_t seen = 0;
          for (std::uint64_t seed = 1; !stop.stop_requested(); ++seed) {
            wait_until([&] { return stop.stop_requested() || answered(workos) != seen; });
            seen = answered(workos);
            workos.with([&](World& world) {
              simulator::Changes changes(world.store, seed);
              for (const auto kind : {Kind::users, Kind::organization_memberships, Kind::invitations}) {
                changes.create(kind, 1);
                changes.update(kind, 1);
                if (kind != Kind::invitations) changes.erase(kind, 1);  // of which no event tells
              }
            });
            changes_ += 8;
          }
        }) {}

  /// Returns how many changes there were.
  int rest() {
    thread_.request_stop();
    thread_.join();
    return changes_;
  }

 private:
  static std::size_t answered(simulator::Simulator& workos) {
    return workos.with([](World& world) {
      std::size_t pages = 0;
      for (const auto& list : world.log.pages()) pages += list.second.reads;
      return pages;
    });
  }

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
  REQUIRE(wait_until([&] { return mirror.finished() >= 4; }, std::chrono::seconds(60)));
  std::atomic<bool> was_cut{false};
  std::jthread observer([&](const std::stop_token& stop) {
    wait_until([&] { return stop.stop_requested() || (was_cut = mirror.segments("users") > 2); },
               std::chrono::seconds(60));
  });
  CHECK(EngineProcess(mirror).engine().sync(never_stopped()).size() == 4);  // the daemon sweeps
  observer.request_stop();
  observer.join();
  CHECK(was_cut);
  CHECK(life.rest() > 300);
  // Events lack the organization's name; the next sweep brings it.
  const auto untold = [&] {
    auto differences = mirror.differences();
    std::erase_if(differences, [](const std::string& difference) {
      return difference.starts_with("organization_memberships") && difference.find(" is ") == std::string::npos;
    });
    return differences;
  };
  wait_until([&] { return untold().empty(); }, std::chrono::seconds(30));
  CHECK(untold() == std::vector<std::string>{});
  CHECK(MirrorFixture::all_certified(EngineProcess(mirror).engine().sync(never_stopped())));
  CHECK(mirror.differences() == std::vector<std::string>{});
  daemon.stop();
}

TEST_CASE("a first load of a list of which nothing is known is read from both ends") {
  Parallel mirror;
  REQUIRE(MirrorFixture::all_certified(mirror.sync()));
  CHECK(mirror.differences().empty());
  CHECK(mirror.segments("users") == 0);
  const auto pages = mirror.workos.with([](World& world) { return world.log.pages_in_order(); });
  for (const auto* order : {"order=asc", "order=desc"}) {
    CAPTURE(order);
    CHECK(std::count_if(pages.begin(), pages.end(), [&](const std::string& page) {
            return page.find("/invitations") != std::string::npos && page.find(order) != std::string::npos;
          }) >= 5);  // of 16
  }
  for (const auto* stream : {"users", "invitations"}) {
    CAPTURE(stream);
    const auto counts = mirror.database.value(
        "SELECT rows || ' ' || inserted || ' ' || unchanged FROM workos.snapshots WHERE stream = '" +
        std::string(stream) + "'");
    CHECK(counts == (std::string(stream) == "users" ? "8000 8000 0" : "1500 1500 0"));
  }
}

TEST_CASE("a first load of users is cut at users whom memberships show") {
  Parallel mirror;
  // The list of users has hardly begun when those of the memberships are read.
  mirror.workos.arm({.name = "slow-drip", .target = "users", .count = 1, .skip = 3});
  mirror.api_options.timeout = std::chrono::seconds{3};
  EngineProcess daemon(mirror);
  daemon.start();
  CHECK(wait_until([&] { return mirror.segments("users") > 3; }));
  REQUIRE(wait_until([&] { return mirror.finished() == 4; }, std::chrono::seconds(60)));
  daemon.stop();
  CHECK(mirror.differences().empty());
}

TEST_CASE("of walks side by side that were stopped each goes on where it stood") {
  Parallel mirror;
  REQUIRE(MirrorFixture::all_certified(mirror.sync()));
  {
    EngineProcess daemon(mirror);
    daemon.start();
    EngineProcess asker(mirror);
    std::stop_source enough;
    const std::jthread asking([&] {
      try {
        asker.engine().sync(enough.get_token());
      } catch (const Error&) {  // the daemon ends in the middle of it
      }
    });
    REQUIRE(wait_until([&] { return mirror.segments("users") > 2; }));
    daemon.stop();
    enough.request_stop();
  }
  const std::string last = "FROM workos.snapshots WHERE stream = 'users' ORDER BY id DESC LIMIT 1";
  REQUIRE(mirror.segments("users") > 2);
  REQUIRE(mirror.database.count("SELECT rows " + last) < 8'000);
  mirror.options.parallel = GENERATE(0, 1);
  CHECK(MirrorFixture::all_certified(mirror.sync()));
  CHECK(mirror.differences().empty());
  CHECK(mirror.database.value("SELECT rows || ' ' || unchanged " + last) == "8000 8000");
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
