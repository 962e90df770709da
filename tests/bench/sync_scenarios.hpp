#pragma once

#include <cstddef>

#include "tests/bench/results.hpp"

namespace mirror::bench {

struct RateLimitSizes {
  std::size_t users = 60'000;
  std::size_t organizations = 600;
  std::size_t memberships = 60'000;
  std::size_t invitations = 10'000;
  int rounds = 3;
};

/// All streams of an API that answers after 50 ms and allows 100 requests per second: how much of that is used.
void measure_rate_limit(Results& results, const RateLimitSizes& sizes);

}  // namespace mirror::bench
