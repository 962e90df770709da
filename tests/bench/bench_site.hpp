#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/harness/child_process.hpp"
#include "tests/harness/private_cluster.hpp"
#include "tests/harness/test_database.hpp"

namespace mirror::bench {

/// One `authkit-mirror sync`, from the start of the process to its end.
struct SyncCost {
  double seconds = 0;
  double cpu_seconds = 0;  ///< of the daemon alone, without PostgreSQL and the simulator
  double peak_mebibytes = 0;
  double wal_bytes = 0;
};

/// The simulator as a process of its own, without latency.
class BenchSource {
 public:
  BenchSource(std::size_t users, std::size_t organizations, std::size_t memberships);
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  harness::TemporaryDirectory logs_;
  std::unique_ptr<harness::ChildProcess> process_;
  std::string url_;
};

/// A PostgreSQL of its own, with fsync and synchronous_commit on, and one mirror in it.
class BenchMirror {
 public:
  /// An empty mirror with all its tables.
  explicit BenchMirror(const BenchSource& source);

  /// Syncs these streams and no others. Throws std::runtime_error unless that exits with 0.
  SyncCost sync(const std::vector<std::string>& streams);
  /// What autovacuum would do sooner or later; done now, so that it does not happen within a measurement.
  void settle();
  double seconds_of_raw_copy(const std::string& table);
  std::int64_t count(const std::string& table);

 private:
  void run_program(std::vector<std::string> arguments, rusage* usage);
  double wal_position();

  const BenchSource& source_;
  harness::PrivateCluster cluster_;
  harness::TemporaryDirectory scratch_;
  harness::TestDatabase database_;
};

}  // namespace mirror::bench
