#include "sync/brake.hpp"

#include "tests/catch.hpp"

using mirror::sync::BrakeOptions;
using mirror::sync::crossed_limit;

TEST_CASE("as many deletions as brake.max_count pass, one more is held") {
  const BrakeOptions options;
  CHECK_FALSE(crossed_limit(499, 1'000'000, options));
  CHECK_FALSE(crossed_limit(500, 1'000'000, options));
  CHECK(crossed_limit(501, 1'000'000, options) == "501 deletions exceed brake.max_count = 500");
}

TEST_CASE("as many deletions as brake.min_count pass whatever their share, one more is a matter of percent") {
  const BrakeOptions options;
  CHECK_FALSE(crossed_limit(19, 20, options));
  CHECK_FALSE(crossed_limit(20, 20, options));
  CHECK(crossed_limit(21, 21, options) == "21 deletions of 21 rows exceed brake.max_percent = 5");
}

TEST_CASE("exactly brake.max_percent of the live rows pass, one more is held") {
  const BrakeOptions options;
  CHECK_FALSE(crossed_limit(49, 1'000, options));
  CHECK_FALSE(crossed_limit(50, 1'000, options));
  CHECK(crossed_limit(51, 1'000, options));
  CHECK_FALSE(crossed_limit(51, 1'020, options));
}

TEST_CASE("deletions of a table that is empty are held by percent like any others") {
  CHECK(crossed_limit(21, 0, BrakeOptions{}));
  CHECK_FALSE(crossed_limit(0, 0, BrakeOptions{}));
}

TEST_CASE("so many rows as allow deletions are as many as the limit lets pass, or hardly more") {
  for (const double percent : {0.1, 5.0, 9.9, 33.3, 100.0}) {
    const BrakeOptions options{.max_count = 100'000, .min_count = 0, .max_percent = percent};
    for (const long deletions : {1L, 21L, 333L, 99'999L}) {
      CAPTURE(percent, deletions);
      const long rows = mirror::sync::rows_that_allow(deletions, options);
      CHECK_FALSE(crossed_limit(deletions, rows, options));
      CHECK(crossed_limit(deletions, rows - 3, options));
    }
  }
}

TEST_CASE("limits of zero hold every deletion, and none where there is none") {
  const BrakeOptions options{.max_count = 0, .min_count = 0, .max_percent = 0};
  CHECK(crossed_limit(1, 1'000, options));
  CHECK_FALSE(crossed_limit(0, 1'000, options));
}
