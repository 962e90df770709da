#include "sync/page_budget.hpp"

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "support/error.hpp"
#include "tests/catch.hpp"
#include "tests/harness/wait_until.hpp"
#include "tests/sync/tail_fixture.hpp"

namespace mirror::tests {
namespace {

using harness::SteppedMirror;
using harness::TailFixture;
using simulator::World;
using sync::PageBudget;

std::vector<PageBudget::Place> take_all(PageBudget& budget) {
  std::vector<PageBudget::Place> taken;
  while (!budget.is_used_up()) taken.push_back(budget.reserve({}));
  return taken;
}

}  // namespace

TEST_CASE("a place that is given back goes to whoever waits for one") {
  PageBudget budget(2);
  auto taken = take_all(budget);
  REQUIRE(taken.size() == 2);
  std::jthread waiting([&] { (void)budget.reserve({}); });
  REQUIRE(harness::wait_until([&] { return budget.waiting() == 1; }));
  taken.pop_back();
  waiting.join();
  CHECK(budget.waiting() == 0);
  CHECK_FALSE(budget.is_used_up());
}

TEST_CASE("a place that is handed on is given back once, by whoever has it last") {
  PageBudget budget(1);
  auto first = budget.reserve({});
  PageBudget::Place second = std::move(first);
  CHECK_FALSE(first);  // NOLINT(bugprone-use-after-move): it is to be empty
  CHECK(budget.is_used_up());
  second = {};
  CHECK(take_all(budget).size() == 1);
}

TEST_CASE("a stop ends the wait for a place") {
  PageBudget budget(0);
  std::stop_source stop;
  std::jthread stopper([&] {
    harness::wait_until([&] { return budget.waiting() == 1; });
    stop.request_stop();
  });
  CHECK_THROWS_AS(budget.reserve(stop.get_token()), Error);
}

TEST_CASE("a walk asks for no page without a place for it, and all walks together make do with one") {
  TailFixture mirror;
  SteppedMirror daemon(mirror);
  auto& budget = daemon.session().writer.pages();
  auto taken = take_all(budget);
  REQUIRE(taken.size() > 1);
  const auto pages = [&] { return mirror.workos.with([](World& world) { return world.log.pages_in_order(); }); };
  const auto is_of_a_walk = [](const std::string& page) { return page.find("limit=100") != std::string::npos; };
  const auto count = taken.size();
  std::jthread sweep([&] { daemon.sweep_all(); });
  CHECK(harness::wait_until([&] { return budget.waiting() > 0; }));
  CHECK(std::ranges::none_of(pages(), is_of_a_walk));
  taken.pop_back();
  sweep.join();
  CHECK(std::ranges::any_of(pages(), is_of_a_walk));
  CHECK(mirror.differences_events_tell().empty());
  taken.clear();
  CHECK(take_all(budget).size() == count);
}

}  // namespace mirror::tests
