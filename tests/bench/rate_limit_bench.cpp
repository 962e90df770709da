#include "tests/bench/bench_site.hpp"
#include "tests/bench/sync_scenarios.hpp"

namespace mirror::bench {
namespace {

constexpr double latency_ms = 50;
constexpr double cap = 100;  ///< requests per second
const std::vector<std::string> all_streams_of_it{"organizations", "users", "organization_memberships", "invitations"};

void measure_sync(Results& results, BenchMirror& mirror, const std::string& what, const std::string& target) {
  const SyncCost cost = mirror.sync(all_streams_of_it, cap);
  double rows = 0;
  for (const auto& table : all_streams_of_it) rows += static_cast<double>(mirror.count(table));
  const auto name = "50 ms, 100 requests/s: " + what;
  results.add(name + ": requests/s / the cap", "", cost.requests / cost.seconds / cap, target);
  results.add(name + ": rate", "rows/s", rows / cost.seconds);
  results.add(name + ": requests / fewest possible", "", cost.requests / mirror.fewest_requests(all_streams_of_it));
  results.add(name + ": refused by 429", "", cost.refused, "0");
  results.add(name + ": peak memory of the daemon", "MiB", cost.peak_mebibytes, "< 48");
}

}  // namespace

void measure_rate_limit(Results& results, const RateLimitSizes& sizes) {
  const BenchSource source(
      sizes.users, sizes.organizations, sizes.memberships,
      {"--invitations", std::to_string(sizes.invitations), "--latency-ms", std::to_string(static_cast<int>(latency_ms)),
       "--rate-limit", std::to_string(static_cast<int>(cap))});
  for (int round = 0; round < sizes.rounds; ++round) {
    BenchMirror mirror(source);
    measure_sync(results, mirror, "first load", ">= 0.85");
    mirror.settle();
    measure_sync(results, mirror, "unchanged sweep", ">= 0.95");
  }
}

}  // namespace mirror::bench
