#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/bench/cost.hpp"
#include "tests/harness/child_process.hpp"
#include "tests/harness/private_cluster.hpp"
#include "tests/harness/test_database.hpp"

namespace mirror::bench {

/// As many requests per second as the API answers.
constexpr double no_limit = 1'000'000;

/// The simulator as a process of its own, without latency.
class BenchSource {
 public:
  /// `further` are arguments of `workos-simulator`.
  BenchSource(std::size_t users, std::size_t organizations, std::size_t memberships,
              const std::vector<std::string>& further = {});
  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] int port() const;
  /// Sends a request to the simulator's control endpoint; returns the answer's body.
  std::string control(std::string_view method, std::string_view target, std::string_view body = {}) const;
  void forget_requests() const;
  /// Since they were forgotten, those of the control endpoint apart.
  [[nodiscard]] RequestCounts requests() const;

 private:
  harness::TemporaryDirectory logs_;
  std::unique_ptr<harness::ChildProcess> process_;
  std::string url_;
};

/// `authkit-mirror run` on a mirror. Killed in the destructor.
class BenchDaemon {
 public:
  BenchDaemon(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
              std::filesystem::path log);

  /// Where it serves health and takes webhooks; waits until it does.
  int port();
  /// Ends it in an orderly way. Returns its CPU time in seconds and its peak of memory in MiB.
  std::pair<double, double> end();

 private:
  std::filesystem::path log_;
  harness::ChildProcess process_;
};

/// A PostgreSQL of its own, with fsync (unless it shall be quick) and synchronous_commit on, and one mirror in it.
class BenchMirror {
 public:
  /// An empty mirror with all its tables.
  explicit BenchMirror(const BenchSource& source);

  /// Syncs these streams and no others, with that many requests per second at most: one `authkit-mirror sync`, from the
  /// start of the process to its end. Throws std::runtime_error unless that exits with 0.
  Cost sync(const std::vector<std::string>& streams, double share = no_limit);
  /// What autovacuum would do sooner or later; done now, so that it does not happen within a measurement.
  void settle();
  /// A partitioned table is copied partition by partition.
  double seconds_of_raw_copy(const std::string& table);
  /// What the events that the daemon took left behind, copied as it is: the archive and the change feed.
  double seconds_of_raw_copy_of_events();
  /// Pages of 100 that hold what is mirrored of these streams, without any proof: no reader gets along with fewer.
  double fewest_requests(const std::vector<std::string>& streams);
  std::int64_t count(const std::string& table);
  /// Follows events and takes webhooks signed with `webhook_secret`. Sweeps are a year away, unless a stream was never
  /// mirrored.
  [[nodiscard]] std::unique_ptr<BenchDaemon> start_daemon(const std::vector<std::string>& settings = {});
  harness::TestDatabase& database() { return database_; }
  [[nodiscard]] const BenchSource& source() const { return source_; }
  /// Since the server's start.
  DatabaseUse database_use();

  static constexpr const char* webhook_secret = "whsec_bench";
  /// Whether those made from now on flush nothing and don't fill their log, which is for tests of the benchmark alone.
  static inline bool is_quick = false;

 private:
  void fill_log();
  [[nodiscard]] std::vector<std::string> environment() const;
  void run_program(std::vector<std::string> arguments, rusage* usage);

  const BenchSource& source_;
  harness::PrivateCluster cluster_;
  harness::TemporaryDirectory scratch_;
  harness::TestDatabase database_;
};

/// What is used from its construction on.
class CostMeter {
 public:
  explicit CostMeter(BenchMirror& mirror);
  /// Until now. What the daemon itself used is for its owner to fill in.
  [[nodiscard]] Cost read() const;

 private:
  BenchMirror& mirror_;
  DatabaseUse before_;
  std::chrono::steady_clock::time_point began_;
};

}  // namespace mirror::bench
