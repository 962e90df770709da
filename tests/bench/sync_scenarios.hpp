#pragma once

#include <cstddef>
#include <vector>

#include "tests/bench/results.hpp"

namespace mirror::bench {

struct SyncSizes {
  std::size_t users = 200'000;
  std::size_t organizations = 2'000;
  std::size_t memberships = 200'000;
  std::size_t invitations = 100'000;
  int rounds = 3;
  std::vector<int> fillfactors{100, 90, 75};
};

/// First loads and sweeps of an API without latency, each stream alone.
void measure_users(Results& results, const SyncSizes& sizes);
void measure_memberships(Results& results, const SyncSizes& sizes);
void measure_invitations(Results& results, const SyncSizes& sizes);
/// All streams at once.
void measure_directory(Results& results, const SyncSizes& sizes);

/// What each index of the mirrored tables, the change feed and the candidates costs a COPY, and what free space in the
/// pages does for later updates. One round.
void measure_layout(Results& results, const SyncSizes& sizes);

struct GrowthSizes {
  std::size_t most_users = 1'000'000;  ///< measured with a hundredth, a tenth and all of them
  std::size_t memberships = 100'000;   ///< spread over more and more organizations
  std::size_t most_organizations = 50'000;
  std::size_t steps = 3;  ///< the largest so many of both threes
};

/// The same with more and more users, then with everything that the most users have, and the same memberships in more
/// and more organizations. One round each.
void measure_growth(Results& results, const GrowthSizes& sizes);

struct RateLimitSizes {
  std::size_t users = 60'000;
  std::size_t organizations = 600;
  std::size_t memberships = 60'000;
  std::size_t invitations = 10'000;
  int rounds = 3;
};

/// All streams of an API that answers after 50 ms and allows 100 requests per second: how much of that is used.
void measure_rate_limit(Results& results, const RateLimitSizes& sizes);

/// How long a daemon takes from its start to being ready, on a mirror that is complete.
void measure_start(Results& results, int rounds);

}  // namespace mirror::bench
