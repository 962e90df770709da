#include "tests/harness/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace mirror::harness {
namespace {

constexpr int not_started = 127;

struct User {
  uid_t uid;
  gid_t gid;
};

/// Whom to become; empty if we are no root, and run everything ourselves.
std::optional<User> database_user() {
  if (geteuid() != 0) return std::nullopt;
  const passwd* entry = getpwnam("postgres");
  if (entry == nullptr) throw std::runtime_error("there is no user postgres: install the package postgresql");
  return User{entry->pw_uid, entry->pw_gid};
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> whole_environment(const std::vector<std::string>& additions) {
  std::vector<std::string> all = additions;  // the first of a name counts
  for (char** variable = environ; *variable != nullptr; ++variable) all.emplace_back(*variable);
  return all;
}

/// Everything the child needs, made before the fork: after it, only async-signal-safe calls are allowed.
struct Prepared {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  std::optional<User> user;
  std::string output;
  std::string directory;
};

[[noreturn]] void become(const Prepared& prepared) {
  const int output = open(prepared.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
  bool ready = output >= 0 && input >= 0 && dup2(input, 0) == 0 && dup2(output, 1) == 1 && dup2(output, 2) == 2;
  if (prepared.user) {
    ready = ready && setgroups(0, nullptr) == 0 && setgid(prepared.user->gid) == 0 && setuid(prepared.user->uid) == 0;
  }
  // After setuid, which forgets it.
  ready = ready && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && chdir(prepared.directory.c_str()) == 0;
  if (ready) execvpe(prepared.arguments[0], prepared.arguments.data(), prepared.environment.data());
  _exit(not_started);
}

int exit_code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

std::string end_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return text.substr(text.size() - std::min<std::size_t>(text.size(), 2000));
}

ChildProcess::ChildProcess(const std::vector<std::string>& arguments, const ChildOptions& options) {
  const std::vector<std::string> environment = whole_environment(options.environment);
  const Prepared prepared{pointers_to(arguments), pointers_to(environment),
                          options.as_database_user ? database_user() : std::nullopt,
                          options.output.empty() ? "/dev/null" : options.output.string(), options.directory.string()};
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error(fmt::format("cannot start {}: {}", arguments[0], std::strerror(errno)));
  if (pid_ == 0) become(prepared);
}

ChildProcess::~ChildProcess() {
  if (!is_running()) return;
  kill(pid_, SIGKILL);
  wait();
}

void ChildProcess::signal(int number) const {
  if (!exit_code_) kill(pid_, number);  // a reaped process number may be somebody else's by now
}

bool ChildProcess::is_running() {
  int status = 0;
  if (!exit_code_ && wait4(pid_, &status, WNOHANG, &usage_) == pid_) exit_code_ = exit_code_of(status);
  return !exit_code_;
}

int ChildProcess::wait() {
  int status = 0;
  while (!exit_code_) {
    if (wait4(pid_, &status, 0, &usage_) == pid_) exit_code_ = exit_code_of(status);
  }
  return *exit_code_;
}

std::optional<int> ChildProcess::wait_for(std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (is_running()) {
    if (std::chrono::steady_clock::now() >= until) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return exit_code_;
}

void run_program(const std::vector<std::string>& arguments, const ChildOptions& options) {
  const int code = ChildProcess(arguments, options).wait();
  if (code == 0) return;
  throw std::runtime_error(fmt::format("{} ended with {}:\n{}", arguments[0], code, end_of(options.output)));
}

TemporaryDirectory::TemporaryDirectory(bool for_database_user) {
  std::string name = (std::filesystem::temp_directory_path() / "authkit-mirror.XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a temporary directory");
  path_ = name;
  if (!for_database_user) return;
  const std::optional<User> user = database_user();
  if (user && chown(name.c_str(), user->uid, user->gid) != 0) throw std::runtime_error("cannot give away " + name);
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace mirror::harness
