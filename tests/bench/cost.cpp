#include "tests/bench/cost.hpp"

namespace mirror::bench {

void add_use(Results& results, const std::string& name, const Cost& cost, double count, const std::string& one,
             const Targets& targets) {
  const auto add_cpu = [&](const std::string& whose, double seconds, const std::string& target) {
    results.add(name + ": CPU of " + whose, "us/" + one, seconds * 1e6 / count, target);
  };
  add_cpu("the daemon", cost.cpu_seconds, "");
  add_cpu("PostgreSQL", cost.database.cpu_seconds, "");
  add_cpu("both", cost.cpu_seconds + cost.database.cpu_seconds, targets.cpu);
  results.add(name + ": peak memory of the daemon", "MiB", cost.peak_mebibytes, "< 48");
  results.add(name + ": WAL", "bytes/" + one, cost.database.wal_bytes / count, targets.wal);
}

}  // namespace mirror::bench
