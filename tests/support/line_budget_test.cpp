#include "support/line_budget.hpp"

#include "tests/catch.hpp"

using namespace mirror;
using namespace std::chrono_literals;

TEST_CASE("lines of a kind are said until its budget is spent, after the window the next one tells how many were not") {
  LineBudget budget(2, 60s);
  const Clock::TimePoint start{};
  REQUIRE(budget.spend("lost", start) == 0U);
  REQUIRE(budget.spend("lost", start + 1s) == 0U);
  for (int i = 0; i < 5; ++i) REQUIRE_FALSE(budget.spend("lost", start + 59s));
  REQUIRE(budget.spend("found", start + 59s) == 0U);  // another kind has a budget of its own
  REQUIRE(budget.spend("lost", start + 60s) == 5U);
  REQUIRE(budget.spend("lost", start + 61s) == 0U);
  REQUIRE_FALSE(budget.spend("lost", start + 62s));
}
