#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mirror::harness {

/// How a program is started.
struct ChildOptions {
  bool as_database_user = false;      ///< PostgreSQL and pgbouncer refuse root: then the user postgres runs them
  std::filesystem::path output = {};  ///< stdout and stderr go there (appended); empty: to nowhere
  std::vector<std::string> environment = {};  ///< "NAME=value", in addition to ours
  std::filesystem::path directory = "/";
};

/// A program started by a test. Killed and reaped in the destructor; killed by the kernel if the thread that started it
/// ends first, so that a crashed test leaves nothing behind. Not thread-safe.
class ChildProcess {
 public:
  /// `arguments[0]` is the program, looked up in PATH. Throws std::runtime_error if it can't be started.
  explicit ChildProcess(const std::vector<std::string>& arguments, const ChildOptions& options = {});
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  [[nodiscard]] bool is_running();
  /// Waits for the end: the exit code, or 128 plus the signal, as a shell says it.
  int wait();
  /// What it used, as the kernel counted it; meaningful after its end. Its peak of memory is at least this process's
  /// own at the time of the start.
  [[nodiscard]] const rusage& usage() const { return usage_; }
  /// Empty if it still runs after `limit`.
  std::optional<int> wait_for(std::chrono::milliseconds limit);

 private:
  pid_t pid_;
  std::optional<int> exit_code_;
  rusage usage_{};
};

/// The last two thousand characters of a file: what a program said before it failed.
std::string end_of(const std::filesystem::path& file);

/// Runs a program to its end. Throws std::runtime_error, with the end of its output file, unless it exits with 0.
void run_program(const std::vector<std::string>& arguments, const ChildOptions& options = {});

/// A new directory under the system's place for temporary files, removed with all its content in the destructor. With
/// `for_database_user` it belongs to the user that runs PostgreSQL.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(bool for_database_user = false);
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace mirror::harness
