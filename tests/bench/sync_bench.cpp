#include <fmt/format.h>

#include <string>
#include <vector>

#include "tests/bench/bench_site.hpp"
#include "tests/bench/sync_scenarios.hpp"

namespace mirror::bench {
namespace {

const std::vector<std::string> all_streams{"organizations", "users", "organization_memberships", "invitations"};

/// What is synced and measured; `prepared` is synced before, unmeasured.
struct Subject {
  std::string name;
  std::vector<std::string> streams;
  std::vector<std::string> tables;
  std::vector<std::string> prepared = {};
};

const Subject users{"users", {"users"}, {"users"}};
const Subject memberships{"organization_memberships",
                          {"organizations", "organization_memberships"},
                          {"organization_memberships"},
                          {"organizations"}};
const Subject invitations{"invitations", {"invitations"}, {"invitations"}};
const Subject directory{"whole directory",
                        all_streams,
                        {"organizations", "organization_domains", "users", "organization_memberships", "invitations"}};

struct Targets {
  std::string rate;
  std::string cpu;
  std::string wal;
};
const Targets of_first_load{.rate = "", .cpu = "<= 35", .wal = ""};
const Targets of_changed_sweep{.rate = "", .cpu = "", .wal = ""};
const Targets of_unchanged_sweep{.rate = ">= 100000", .cpu = "", .wal = "< 10"};

/// One subject in one mirror: each sync adds its figures.
class SyncRound {
 public:
  SyncRound(Results& results, const BenchSource& source, const Subject& subject)
      : results_(results), source_(source), subject_(subject), mirror_(source) {
    if (!subject.prepared.empty()) mirror_.sync(subject.prepared);
  }

  /// Returns the seconds it took.
  double sync(const std::string& what, const Targets& targets) {
    mirror_.settle();
    const SyncCost cost = mirror_.sync(subject_.streams);
    const double rows = count();
    const auto add = [&](const std::string& quantity, const std::string& unit, double value,
                         const std::string& target) {
      results_.add(fmt::format("{}, {}: {}", subject_.name, what, quantity), unit, value, target);
    };
    add("rate", "rows/s", rows / cost.seconds, targets.rate);
    add("CPU of the daemon", "us/row", cost.cpu_seconds * 1e6 / rows, "");
    add("CPU of PostgreSQL", "us/row", cost.database_cpu_seconds * 1e6 / rows, "");
    add("CPU of both", "us/row", (cost.cpu_seconds + cost.database_cpu_seconds) * 1e6 / rows, targets.cpu);
    add("peak memory of the daemon", "MiB", cost.peak_mebibytes, "< 48");
    add("WAL", "bytes/row", cost.wal_bytes / rows, targets.wal);
    add("requests / fewest possible", "", cost.requests / mirror_.fewest_requests(subject_.streams), "");
    return cost.seconds;
  }

  /// Changes so many of every hundred objects, without events: only a sweep can find them.
  void change(double percent) {
    std::string wanted = R"("seed":)" + std::to_string(++changes_);
    for (const auto& stream : subject_.streams) {
      const auto some = static_cast<std::size_t>(static_cast<double>(mirror_.count(stream)) * percent / 100);
      wanted += fmt::format(R"(,"{}":{{"update":{},"event":false}})", stream, some);
    }
    source_.control("POST", "/_simulator/changes", "{" + wanted + "}");
  }

  /// Ends the round: the tables are copied anew.
  void compare_with_raw_copy(double first_load_seconds, const std::string& target) {
    const double rows = count();
    double seconds = 0;
    for (const auto& table : subject_.tables) seconds += mirror_.seconds_of_raw_copy(table);
    results_.add(subject_.name + ", raw COPY: rate", "rows/s", rows / seconds);
    results_.add(subject_.name + ", first load: rate / raw COPY's", "", seconds / first_load_seconds, target);
  }

 private:
  double count() {
    double rows = 0;
    for (const auto& table : subject_.tables) rows += static_cast<double>(mirror_.count(table));
    return rows;
  }

  Results& results_;
  const BenchSource& source_;
  const Subject& subject_;
  BenchMirror mirror_;
  static inline std::size_t changes_ = 0;
};

void measure(Results& results, const BenchSource& source, const Subject& subject, int rounds,
             const std::string& copy_target = "") {
  for (int i = 0; i < rounds; ++i) {
    SyncRound round(results, source, subject);
    const double first_load = round.sync("first load", of_first_load);
    round.sync("unchanged sweep", of_unchanged_sweep);
    for (const int percent : {1, 10}) {
      round.change(percent);
      round.sync(fmt::format("sweep, {} % changed", percent), of_changed_sweep);
    }
    round.compare_with_raw_copy(first_load, copy_target);
  }
}

void measure_size(Results& results, const BenchSource& source, const Subject& subject) {
  SyncRound round(results, source, subject);
  const double first_load = round.sync("first load", of_first_load);
  round.sync("unchanged sweep", of_unchanged_sweep);
  round.compare_with_raw_copy(first_load, "");
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
  measure(results, source, directory, sizes.rounds, ">= 0.8");
}

void measure_growth(Results& results, const GrowthSizes& sizes) {
  for (const std::size_t count : {sizes.most_users / 100, sizes.most_users / 10, sizes.most_users}) {
    Subject subject = users;
    subject.name = fmt::format("{} users", count);
    measure_size(results, BenchSource(count, 0, 0), subject);
  }
  for (const std::size_t count :
       {sizes.most_organizations / 2'500, sizes.most_organizations / 25, sizes.most_organizations}) {
    Subject subject = memberships;
    subject.name = fmt::format("{} memberships in {} organizations", sizes.memberships, count);
    measure_size(results, BenchSource(sizes.memberships / 2, count, sizes.memberships), subject);
  }
}

}  // namespace mirror::bench
