#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/crash/free_port.hpp"
#include "tests/crash/read_ledger.hpp"
#include "tests/harness/child_process.hpp"
#include "tests/harness/private_cluster.hpp"
#include "tests/harness/test_database.hpp"
#include "tests/simulator/simulator.hpp"

namespace mirror::crash {

/// Where a kill falls is chance. A test goes on beyond the number it was asked for, but not by more than this, until
/// enough kills have hit what it is about.
inline constexpr std::size_t most_extra_kills = 40;

/// A number from the environment, or `otherwise` if it is not set.
std::uint64_t number_from(const char* variable, std::uint64_t otherwise);

/// AUTHKIT_MIRROR_CRASH_SEED, or another one for each run. Printed, because it is needed to repeat a failure: it
/// decides the changes of the directory and the moments of the kills; what a moment hits remains a matter of
/// scheduling.
std::uint64_t seed_of_this_run();

/// One walk at a time reads no page twice, which the ledger proves; walks side by side share a page where they meet.
enum class Walks { one_by_one, side_by_side };

/// Where crashes happen: a PostgreSQL of its own with fsync on, a simulated directory that changes, and the real
/// program between them. Not thread-safe.
class CrashSite {
 public:
  explicit CrashSite(std::uint64_t seed, Walks walks = Walks::side_by_side);
  /// Without fsync commits are quicker; where PostgreSQL is not killed it makes no other difference.
  CrashSite(std::uint64_t seed, const simulator::SimulatorOptions& directory, harness::Fsync fsync,
            Walks walks = Walks::side_by_side);

  /// The next sync is a first load.
  void begin_new_mirror();
  /// Creates, updates, deletes and signs in a few objects of each kind, chosen at random.
  void change_directory();

  /// Starts the program with these arguments on the mirror and the directory. `environment` ("NAME=value") comes before
  /// what every program gets, and so counts.
  [[nodiscard]] harness::ChildProcess start(std::vector<std::string> arguments,
                                            std::vector<std::string> environment = {}) const;
  /// Runs `authkit-mirror sync` to its end. Throws std::runtime_error unless it exits with 0.
  void sync_undisturbed();

  /// Has to be called after each process that ended or was killed: enters what it read into the ledger and forgets the
  /// requests. Returns the pages that it read without need, if there is one walk at a time.
  std::vector<std::string> enter_reads();
  /// How many requests the API answered since the last enter_reads().
  std::size_t requests();
  /// False if the program was killed before its first migration.
  [[nodiscard]] bool is_migrated();
  [[nodiscard]] bool has_running_snapshot();

  /// What is wrong with the mirror, a line each: rows that differ from the truth, a gap or a contradiction in the
  /// change feed, a snapshot that counted a row twice (`directory_was_still`: it did not change during the snapshots).
  std::vector<std::string> problems(bool directory_was_still);

  std::chrono::microseconds random_moment(std::chrono::microseconds limit);
  bool chance(double probability);
  std::uint64_t random() { return random_(); }
  int free_port() { return crash::free_port(random_); }

  harness::PrivateCluster& cluster() { return cluster_; }
  simulator::Simulator& workos() { return workos_; }
  harness::TestDatabase& database() { return *database_; }
  [[nodiscard]] const ReadLedger& ledger() const { return ledger_; }
  [[nodiscard]] std::string end_of_log() const;

 private:
  void await_end_of_sessions();
  bool exists(const std::string& id);
  std::vector<std::string> feed_problems();
  std::vector<std::string> miscounts();

  std::mt19937_64 random_;
  const Walks walks_;
  simulator::Simulator workos_;
  harness::PrivateCluster cluster_;
  harness::TemporaryDirectory logs_;
  std::unique_ptr<harness::TestDatabase> database_;
  ReadLedger ledger_;
};

}  // namespace mirror::crash
