#include "tests/bench/bench_site.hpp"
#include "tests/bench/sync_round.hpp"
#include "tests/bench/sync_scenarios.hpp"

namespace mirror::bench {
namespace {

constexpr double latency_ms = 50;
constexpr double cap = 100;  ///< requests per second

void measure_sync(SyncRound& round, const std::string& what, const std::string& target) {
  const Cost cost = round.sync(what, {}, cap);
  round.add(what, "requests/s / the cap", "", cost.requests.all / cost.seconds / cap, target);
  round.add(what, "refused by 429", "", cost.requests.refused, "0");
}

}  // namespace

void measure_rate_limit(Results& results, const RateLimitSizes& sizes) {
  const BenchSource source(
      sizes.users, sizes.organizations, sizes.memberships,
      {"--invitations", std::to_string(sizes.invitations), "--latency-ms", std::to_string(static_cast<int>(latency_ms)),
       "--rate-limit", std::to_string(static_cast<int>(cap))});
  for (int round = 0; round < sizes.rounds; ++round) {
    SyncRound syncs(results, source, whole_directory("50 ms, 100 requests/s"));
    measure_sync(syncs, "first load", ">= 0.85");
    measure_sync(syncs, "unchanged sweep", ">= 0.95");
    syncs.compare_with_raw_copy();
  }
}

}  // namespace mirror::bench
