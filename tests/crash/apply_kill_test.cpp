#include <fmt/format.h>

#include <array>
#include <csignal>
#include <fstream>
#include <iostream>
#include <thread>

#include "tests/catch.hpp"
#include "tests/crash/crash_site.hpp"
#include "tests/crash/usual_time.hpp"

namespace mirror::crash {
namespace {

using simulator::Kind;
using simulator::World;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using Steady = std::chrono::steady_clock;

constexpr int people_a_round = 30;
/// What a plan does to WorkOS by POST, and must not do twice.
constexpr std::array posts{"/user_management/users", "/user_management/organization_memberships",
                           "/user_management/invitations"};

simulator::SimulatorOptions three_organizations(std::uint64_t seed) {
  return {.directory = {.organizations = 3, .users = 0, .memberships = 0, .invitations = 0, .seed = seed},
          .latency = std::chrono::milliseconds{2}};
}

/// One list after the other, each with new people and without those of the list before.
class Reconciliation {
 public:
  explicit Reconciliation(std::uint64_t seed) : site(seed, three_organizations(seed), harness::Fsync::off) {
    site.workos().with([&](World& world) {
      for (const auto& [position, each] : world.store.table(Kind::organizations).order()) {
        organizations_.push_back(each->id);
      }
    });
  }

  /// Brings the mirror up to date and plans for the list of this round. Returns the exit code of plan.
  int plan(int round) {
    std::ofstream list(list_);
    list << "email,organization,role\n";
    for (int i = 0; i < people_a_round; ++i) {
      list << fmt::format("p{}_{}@x.test,{},member\n", round, i, organizations_[static_cast<std::size_t>(i) % 3]);
    }
    list.close();
    site.sync_undisturbed();
    return site
        .start({"reconcile", "plan", "--desired", list_, "--out", plan_, "--new", round % 2 == 0 ? "create" : "invite"},
               {"AUTHKIT_MIRROR_RECONCILE_MAX_PERCENT=100"})
        .wait();
  }
  [[nodiscard]] harness::ChildProcess apply() const { return site.start({"reconcile", "apply", plan_, "--wait", "0"}); }

  /// How often each kind of POST was answered with success, and how often with a refusal.
  std::array<std::size_t, 4> answered() {
    return site.workos().with([](World& world) {
      std::array<std::size_t, 4> counts{};
      for (std::size_t i = 0; i < posts.size(); ++i) counts[i] = world.log.count("POST", posts[i], 201);
      for (const int status : {400, 409, 422}) counts[3] += world.log.count("POST", "/", status);
      return counts;
    });
  }
  std::size_t size(Kind kind) {
    return site.workos().with([&](World& world) { return world.store.size(kind); });
  }

  CrashSite site;

 private:
  harness::TemporaryDirectory files_;
  std::string list_ = (files_.path() / "list.csv").string();
  std::string plan_ = (files_.path() / "plan.json").string();
  std::vector<std::string> organizations_;
};

}  // namespace

TEST_CASE("an apply killed at any moment does nothing twice, and applied again it comes to its end") {
  const auto kills = number_from("AUTHKIT_MIRROR_CRASH_APPLY_KILLS", 6);
  Reconciliation work(seed_of_this_run());
  REQUIRE(work.plan(0) == 2);
  const auto began = Steady::now();
  REQUIRE(work.apply().wait() == 0);
  UsualTime usual(duration_cast<microseconds>(Steady::now() - began));
  std::size_t done = 0;
  std::size_t interrupted = 0;  // kills between the first action and the last
  for (int round = 1; done < kills || (interrupted == 0 && done < kills + most_extra_kills); ++round) {
    REQUIRE(work.plan(round) == 2);
    const auto before = work.answered();
    const auto planned = [&] { return work.site.database().count("SELECT count(*) FROM workos.reconcile_actions"); };
    const auto known = planned();
    while (true) {
      const auto moment = work.site.random_moment(usual.get());
      const auto start = Steady::now();
      auto apply = work.apply();
      while (apply.is_running() && Steady::now() < start + moment && done < kills + most_extra_kills) {
        std::this_thread::sleep_for(microseconds{200});
      }
      if (done < kills + most_extra_kills) apply.signal(SIGKILL);
      const int code = apply.wait();
      if (code != 128 + SIGKILL) {
        INFO(work.site.end_of_log());
        REQUIRE(code == 0);
        usual.ended_after(duration_cast<microseconds>(Steady::now() - start));
        break;
      }
      usual.was_killed();
      ++done;
      const bool is_inside = planned() > known && work.site.database().count(
                                                      "SELECT count(*) FROM workos.reconcile_actions WHERE state IN "
                                                      "('planned', 'started')") > 0;
      if (is_inside) ++interrupted;
    }
    INFO("round " << round << ", " << done << " kills\n" << work.site.end_of_log());
    const auto after = work.answered();
    const bool creates = round % 2 == 0;
    CHECK(after[0] - before[0] == (creates ? people_a_round : 0));
    CHECK(after[1] - before[1] == (creates ? people_a_round : 0));
    CHECK(after[2] - before[2] == (creates ? 0 : people_a_round));
    CHECK(after[3] == before[3]);
    CHECK(work.site.database().count("SELECT count(*) FROM workos.reconcile_actions WHERE state NOT IN ('done')") == 0);
    REQUIRE(work.plan(round) == 0);
  }
  std::cout << done << " kills of an apply, " << interrupted << " of them between two actions; "
            << work.size(Kind::users) << " users and " << work.size(Kind::invitations)
            << " invitations made, none twice\n";
  CHECK(interrupted > 0);
}

}  // namespace mirror::crash
