#include <fmt/format.h>

#include <array>
#include <span>
#include <string>
#include <vector>

#include "tests/bench/bench_site.hpp"
#include "tests/bench/sync_round.hpp"
#include "tests/bench/sync_scenarios.hpp"

namespace mirror::bench {
namespace {

const Subject users{"users", {"users"}, {"users"}};
const Subject memberships{"organization_memberships",
                          {"organizations", "organization_memberships"},
                          {"organization_memberships"},
                          {"organizations"}};
const Subject invitations{"invitations", {"invitations"}, {"invitations"}};
const Targets of_first_load{.cpu = "<= 35"};
const Targets of_unchanged_sweep{.rate = ">= 100000", .wal = "< 10"};

void measure(Results& results, const BenchSource& source, const Subject& subject, int rounds,
             const Targets& first_load = of_first_load) {
  for (int i = 0; i < rounds; ++i) {
    SyncRound round(results, source, subject);
    round.sync("first load", first_load);
    round.sync("unchanged sweep", of_unchanged_sweep);
    for (const int percent : {1, 10}) {
      round.change(percent);
      round.sync(fmt::format("sweep, {} % changed", percent), {});
    }
    round.compare_with_raw_copy();
  }
}

void measure_size(Results& results, const BenchSource& source, const Subject& subject) {
  SyncRound round(results, source, subject);
  round.sync("first load", of_first_load);
  round.sync("unchanged sweep", of_unchanged_sweep);
  round.compare_with_raw_copy();
}

std::vector<std::string> with_invitations(std::size_t count) {
  return {"--invitations", std::to_string(count)};
}

}  // namespace

void measure_users(Results& results, const SyncSizes& sizes) {
  measure(results, BenchSource(sizes.users, 0, 0), users, sizes.rounds);
}

void measure_memberships(Results& results, const SyncSizes& sizes) {
  measure(results, BenchSource(sizes.memberships / 2, sizes.organizations, sizes.memberships), memberships,
          sizes.rounds);
}

void measure_invitations(Results& results, const SyncSizes& sizes) {
  measure(results, BenchSource(1'000, sizes.organizations, 0, with_invitations(sizes.invitations)), invitations,
          sizes.rounds);
}

void measure_directory(Results& results, const SyncSizes& sizes) {
  const BenchSource source(sizes.users, sizes.organizations, sizes.memberships, with_invitations(sizes.invitations));
  measure(results, source, whole_directory("whole directory"), sizes.rounds,
          {.cpu = of_first_load.cpu, .copy = ">= 0.8"});
}

void measure_growth(Results& results, const GrowthSizes& sizes) {
  const std::array user_counts{sizes.most_users / 100, sizes.most_users / 10, sizes.most_users};
  const std::array organization_counts{sizes.most_organizations / 2'500, sizes.most_organizations / 25,
                                       sizes.most_organizations};
  for (const std::size_t count : std::span(user_counts).last(sizes.steps)) {
    Subject subject = users;
    subject.name = fmt::format("{} users", count);
    measure_size(results, BenchSource(count, 0, 0), subject);
  }
  measure_size(results,
               BenchSource(sizes.most_users, organization_counts[1], sizes.most_users * 3 / 2,
                           with_invitations(sizes.most_users / 10)),
               whole_directory(fmt::format("whole directory of {} users", sizes.most_users)));
  for (const std::size_t count : std::span(organization_counts).last(sizes.steps)) {
    Subject subject = memberships;
    subject.name = fmt::format("{} memberships in {} organizations", sizes.memberships, count);
    measure_size(results, BenchSource(sizes.memberships / 2, count, sizes.memberships), subject);
  }
}

}  // namespace mirror::bench
