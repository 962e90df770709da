#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/harness/child_process.hpp"

namespace mirror::harness {

/// Whether PostgreSQL forces its writes to the disk. A crash of its processes alone loses nothing either way.
enum class Fsync { off, on };

/// A PostgreSQL server of its own for a test that kills it: private directory, unix socket only, no password. Stopped
/// and removed in the destructor. Not thread-safe.
class PrivateCluster {
 public:
  /// Makes and starts it; takes a second or two. `settings` are of the server: "wal_level=logical".
  explicit PrivateCluster(Fsync fsync = Fsync::off, std::vector<std::string> settings = {});
  /// A physical replica of `primary`, which must outlive it: copied from it, then streaming from it.
  PrivateCluster(const PrivateCluster& primary, Fsync fsync);
  ~PrivateCluster();
  PrivateCluster(const PrivateCluster&) = delete;
  PrivateCluster& operator=(const PrivateCluster&) = delete;

  /// Connection string of its superuser.
  [[nodiscard]] std::string url(const std::string& database = "postgres") const;

  /// What the server reports.
  [[nodiscard]] std::filesystem::path log() const { return directory_.path() / "postgres.log"; }

  /// CPU time of all its processes so far, in seconds.
  [[nodiscard]] double cpu_seconds() const;

  /// Starts it and waits until it takes connections, recovery included.
  void start();
  /// Ends it in an orderly way; sessions are cut off.
  void stop();
  /// SIGKILL for all its processes, as if the machine had lost power, but for the disk's cache.
  void kill();

 private:
  TemporaryDirectory directory_;
  Fsync fsync_;
  std::vector<std::string> settings_;
  std::unique_ptr<ChildProcess> postmaster_;
};

}  // namespace mirror::harness
