#include "tests/harness/private_cluster.hpp"

#include <libpq-fe.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

extern "C" {
#include <sys/pidfd.h>  // of Debian 12: does not say so itself
}

namespace mirror::harness {
namespace {

/// Debian keeps each version's programs in a directory of its own; the newest is taken.
std::filesystem::path program(const std::string& name) {
  std::vector<std::filesystem::path> found;
  std::error_code none;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", none)) {
    if (std::filesystem::exists(version.path() / "bin" / name)) found.push_back(version.path() / "bin" / name);
  }
  if (found.empty()) return name;  // from PATH
  return *std::max_element(found.begin(), found.end());
}

std::vector<pid_t> children_of(pid_t parent) {
  const std::string task = std::to_string(parent);
  std::ifstream list("/proc/" + task + "/task/" + task + "/children");
  return {std::istream_iterator<pid_t>(list), {}};
}

/// A process that is not ours to wait for. Ended ones are none.
class ProcessWatch {
 public:
  explicit ProcessWatch(pid_t process) : handle_(pidfd_open(process, 0)) {}
  ProcessWatch(ProcessWatch&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  ProcessWatch(const ProcessWatch&) = delete;
  ProcessWatch& operator=(const ProcessWatch&) = delete;
  ProcessWatch& operator=(ProcessWatch&&) = delete;
  ~ProcessWatch() {
    if (handle_ >= 0) close(handle_);
  }

  void kill() const {
    if (handle_ >= 0) pidfd_send_signal(handle_, SIGKILL, nullptr, 0);
  }
  void wait_for_end() const {
    constexpr int longest_milliseconds = 60'000;
    pollfd ended{handle_, POLLIN, 0};  // poll ignores a negative one
    if (handle_ >= 0 && poll(&ended, 1, longest_milliseconds) == 0) {
      throw std::runtime_error("a process of PostgreSQL survives SIGKILL");
    }
  }

 private:
  int handle_;
};

std::vector<ProcessWatch> watched(const std::vector<pid_t>& processes) {
  std::vector<ProcessWatch> all;
  for (const pid_t process : processes) all.emplace_back(process);
  return all;
}

/// In ticks: what the process used itself, or what those of its children used that have ended.
double cpu_ticks(pid_t process, bool of_ended_children) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(stat, text);  // nothing, if the process has ended meanwhile
  // proc(5): fields 14 and 15 are the process's own, 16 and 17 its ended children's; the name may hold blanks.
  std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
  std::string skipped;
  for (int field = 3; field < (of_ended_children ? 16 : 14); ++field) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return user + system;
}

}  // namespace

PrivateCluster::PrivateCluster(Fsync fsync, std::vector<std::string> settings)
    : directory_(true), fsync_(fsync), settings_(std::move(settings)) {
  const std::filesystem::path log = directory_.path() / "initdb.log";
  run_program({program("initdb"), "--pgdata", directory_.path() / "data", "--username", "postgres", "--auth", "trust",
               "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"},
              {.as_database_user = true, .output = log});
  start();
}

PrivateCluster::PrivateCluster(const PrivateCluster& primary, Fsync fsync) : directory_(true), fsync_(fsync) {
  run_program({program("pg_basebackup"), "--pgdata", directory_.path() / "data", "--write-recovery-conf",
               "--checkpoint", "fast", "--no-sync", "--dbname", primary.url()},
              {.as_database_user = true, .output = directory_.path() / "backup.log"});
  start();
}

PrivateCluster::~PrivateCluster() {
  // The directory goes away anyway.
  if (postmaster_) kill();
}

std::string PrivateCluster::url(const std::string& database) const {
  return "host=" + directory_.path().string() + " user=postgres dbname=" + database;
}

double PrivateCluster::cpu_seconds() const {
  const pid_t postmaster = postmaster_->pid();
  double ticks = cpu_ticks(postmaster, false) + cpu_ticks(postmaster, true);
  for (const pid_t child : children_of(postmaster)) ticks += cpu_ticks(child, false);
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void PrivateCluster::start() {
  const std::string sync = fsync_ == Fsync::on ? "on" : "off";
  std::vector<std::string> command{program("postgres"), "-D", directory_.path() / "data", "-k",
                                   directory_.path(),   "-c", "listen_addresses=",        "-c",
                                   "fsync=" + sync};
  for (const auto& setting : settings_) command.insert(command.end(), {"-c", setting});
  postmaster_ = std::make_unique<ChildProcess>(command, ChildOptions{.as_database_user = true, .output = log()});
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (PQping(url().c_str()) != PQPING_OK) {
    if (!postmaster_->is_running()) throw std::runtime_error("PostgreSQL did not start:\n" + end_of(log()));
    if (std::chrono::steady_clock::now() > until) throw std::runtime_error("PostgreSQL takes no connections");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void PrivateCluster::stop() {
  postmaster_->signal(SIGINT);
  postmaster_->wait();
  postmaster_.reset();
}

void PrivateCluster::kill() {
  // Stopped first, so that it starts no further process between the list and the end.
  postmaster_->signal(SIGSTOP);
  const std::vector<ProcessWatch> children = watched(children_of(postmaster_->pid()));
  postmaster_->signal(SIGKILL);
  for (const auto& child : children) child.kill();
  postmaster_->wait();
  // One that waits for the disk dies late, and keeps the shared memory from the next start.
  for (const auto& child : children) child.wait_for_end();
  postmaster_.reset();
}

}  // namespace mirror::harness
