#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tests/bench/bench_site.hpp"
#include "tests/bench/keep_alive.hpp"
#include "tests/bench/sync_scenarios.hpp"

namespace mirror::bench {
namespace {

constexpr double latency_ms = 50;
constexpr double cap = 100;  ///< requests per second
const std::vector<std::string> all_streams_of_it{"organizations", "users", "organization_memberships", "invitations"};

struct Requests {
  double all = 0;
  double refused = 0;
};

Requests requests_of(KeepAlive& source) {
  Requests requests;
  const auto counts = nlohmann::json::parse(ask(source, "GET", "/_simulator/requests")).at("requests");
  for (const auto& [what, count] : counts.items()) {
    requests.all += count.get<double>();
    if (what.ends_with(" 429")) requests.refused += count.get<double>();
  }
  return requests;
}

/// Pages of 100 that hold the directory, without any proof: no reader gets along with fewer.
double fewest_requests(BenchMirror& mirror) {
  const auto pages = [](std::int64_t rows) { return static_cast<double>((rows + 99) / 100); };
  double requests =
      pages(mirror.count("organizations")) + pages(mirror.count("users")) + pages(mirror.count("invitations"));
  requests += static_cast<double>(mirror.database().count(
      "SELECT sum((members + 99) / 100) FROM "
      "(SELECT count(*) AS members FROM workos.organization_memberships_live GROUP BY organization_id) AS lists"));
  return requests;
}

void measure_sync(Results& results, const BenchSource& source, BenchMirror& mirror, const std::string& what,
                  const std::string& target) {
  KeepAlive control(source.port());
  ask(control, "POST", "/_simulator/reset-counters");
  const SyncCost cost = mirror.sync(all_streams_of_it, cap);
  const auto requests = requests_of(control);
  double rows = 0;
  for (const auto& table : all_streams_of_it) rows += static_cast<double>(mirror.count(table));
  const auto name = "50 ms, 100 requests/s: " + what;
  results.add(name + ": requests/s / the cap", "", requests.all / cost.seconds / cap, target);
  results.add(name + ": rate", "rows/s", rows / cost.seconds);
  results.add(name + ": requests / fewest possible", "", requests.all / fewest_requests(mirror));
  results.add(name + ": refused by 429", "", requests.refused, "0");
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
    measure_sync(results, source, mirror, "first load", ">= 0.85");
    mirror.settle();
    measure_sync(results, source, mirror, "unchanged sweep", ">= 0.95");
  }
}

}  // namespace mirror::bench
