// mirror-bench: what a first load, a second sync and the following of events cost, as ratios against a raw COPY of the
// same rows in the same run. RESULTS.md beside this file says how to read it.

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

#include "tests/bench/bench_site.hpp"
#include "tests/bench/event_scenarios.hpp"
#include "tests/bench/results.hpp"
#include "tests/bench/sync_scenarios.hpp"

namespace mirror::bench {
namespace {

struct Sizes {
  std::size_t users = 200'000;
  std::size_t few_users = 20'000;
  std::size_t organizations = 2'000;
  std::size_t memberships = 200'000;
  int rounds = 3;
};

/// What is measured of one table; `streams` are synced for it, and `prepared` before, unmeasured.
struct Subject {
  std::string table;
  std::vector<std::string> streams;
  std::vector<std::string> prepared;
};

void note_cost(Results& results, const std::string& what, double rows, const SyncCost& cost) {
  results.add(what + ": rate", "rows/s", rows / cost.seconds);
  results.add(what + ": CPU of the daemon", "us/row", cost.cpu_seconds * 1e6 / rows);
  results.add(what + ": peak memory of the daemon", "MiB", cost.peak_mebibytes, "< 48");
}

void measure_round(Results& results, const BenchSource& source, const Subject& subject) {
  BenchMirror mirror(source);
  if (!subject.prepared.empty()) mirror.sync(subject.prepared);
  mirror.settle();
  const SyncCost first = mirror.sync(subject.streams);
  mirror.settle();
  const SyncCost second = mirror.sync(subject.streams);
  const auto rows = static_cast<double>(mirror.count(subject.table));
  const double copy_seconds = mirror.seconds_of_raw_copy(subject.table);

  const std::string& table = subject.table;
  results.add(table + ", raw COPY: rate", "rows/s", rows / copy_seconds);
  note_cost(results, table + ", first load", rows, first);
  results.add(table + ", first load: rate / raw COPY's", "", copy_seconds / first.seconds, ">= 0.5");
  results.add(table + ", first load: WAL", "MiB/100,000 rows", first.wal_bytes / rows * 1e5 / (1 << 20));
  note_cost(results, table + ", second sync", rows, second);
  results.add(table + ", second sync: rate / first load's", "", first.seconds / second.seconds, ">= 2");
  results.add(table + ", second sync: WAL", "MiB/100,000 rows", second.wal_bytes / rows * 1e5 / (1 << 20), "< 1");
}

void measure_users(Results& results, const Sizes& sizes) {
  const BenchSource source(sizes.users, 0, 0);
  for (int round = 0; round < sizes.rounds; ++round) measure_round(results, source, {"users", {"users"}, {}});
}

/// The daemon's memory must not grow with the directory.
void measure_few_users(Results& results, const Sizes& sizes) {
  const BenchSource source(sizes.few_users, 0, 0);
  for (int round = 0; round < sizes.rounds; ++round) {
    const SyncCost cost = BenchMirror(source).sync({"users"});
    results.add("few users, first load: peak memory of the daemon", "MiB", cost.peak_mebibytes, "the same");
  }
}

void measure_memberships(Results& results, const Sizes& sizes) {
  const BenchSource source(sizes.memberships / 2, sizes.organizations, sizes.memberships);
  const Subject subject{"organization_memberships", {"organizations", "organization_memberships"}, {"organizations"}};
  for (int round = 0; round < sizes.rounds; ++round) measure_round(results, source, subject);
}

}  // namespace
}  // namespace mirror::bench

int main(int argc, char** argv) {
  using namespace mirror::bench;
  CLI::App app{"mirror-bench: the mirror's speed, memory and WAL, against a raw COPY of the same rows"};
  Sizes sizes;
  RateLimitSizes limit_sizes;
  EventSizes event_sizes;
  std::string json_file;
  std::string only;
  app.add_option("--users", sizes.users, "Users of the first part")->capture_default_str();
  app.add_option("--few-users", sizes.few_users, "Users of the comparison of memory")->capture_default_str();
  app.add_option("--organizations", sizes.organizations, "Organizations of the second part")->capture_default_str();
  app.add_option("--memberships", sizes.memberships, "Memberships of the second part")->capture_default_str();
  app.add_option("--limit-users", limit_sizes.users, "Users of the directory behind a rate limit")
      ->capture_default_str();
  app.add_option("--limit-organizations", limit_sizes.organizations, "Organizations of it")->capture_default_str();
  app.add_option("--limit-memberships", limit_sizes.memberships, "Memberships of it")->capture_default_str();
  app.add_option("--limit-invitations", limit_sizes.invitations, "Invitations of it")->capture_default_str();
  app.add_option("--rounds", sizes.rounds, "Rounds of which the median is taken")->capture_default_str();
  app.add_option("--event-users", event_sizes.users, "Users behind the events")->capture_default_str();
  app.add_option("--backlog", event_sizes.backlog, "Events that the tail finds")->capture_default_str();
  app.add_option("--senders", event_sizes.senders, "Connections that deliver webhooks")->capture_default_str();
  app.add_option("--deliveries", event_sizes.deliveries, "Webhooks from all of them")->capture_default_str();
  app.add_option("--alone", event_sizes.alone, "Webhooks one at a time")->capture_default_str();
  app.add_option("--changes", event_sizes.changes, "Changes followed from the directory to the row")
      ->capture_default_str();
  app.add_option("--only", only, "Only this part")
      ->check(CLI::IsMember({"users", "memberships", "rate-limit", "tail", "webhooks", "change-to-row"}));
  app.add_option("--json", json_file, "Write all values there too");
  CLI11_PARSE(app, argc, argv);
  try {
    Results results;
    event_sizes.rounds = limit_sizes.rounds = sizes.rounds;
    const auto is_wanted = [&](const char* part) { return only.empty() || only == part; };
    if (is_wanted("users")) measure_users(results, sizes);
    if (is_wanted("users")) measure_few_users(results, sizes);
    if (is_wanted("memberships")) measure_memberships(results, sizes);
    if (is_wanted("rate-limit")) measure_rate_limit(results, limit_sizes);
    if (is_wanted("tail")) measure_tail(results, event_sizes);
    if (is_wanted("webhooks")) measure_webhooks(results, event_sizes);
    if (is_wanted("change-to-row")) measure_change_to_row(results, event_sizes);
    std::cout << results.table();
    if (!json_file.empty()) std::ofstream(json_file) << results.json();
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "mirror-bench: " << error.what() << "\n";
    return 70;
  }
}
