#include "app/signals.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>

#include "tests/catch.hpp"

using namespace mirror::app;
using namespace std::chrono_literals;

namespace {

/// Waits for the exit code of `child`; 1000 more than the signal if one ended it.
int exit_code_of(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/// Runs `body` in a child process, since signals belong to the whole process.
template <typename Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    block_signals();
    ::_exit(body());
  }
  return exit_code_of(child);
}

}  // namespace

TEST_CASE("SIGTERM requests a stop") {
  REQUIRE(in_child([] {
            std::stop_source stop;
            const SignalThread signals(stop, [] {});
            std::mutex mutex;
            std::condition_variable_any woken;
            std::unique_lock lock(mutex);
            ::kill(::getpid(), SIGTERM);
            woken.wait(lock, stop.get_token(), [] { return false; });
            return 7;
          }) == 7);
}

TEST_CASE("a second signal ends the process at once with the documented code") {
  REQUIRE(in_child([] {
            std::stop_source stop;
            const SignalThread signals(stop, [] {});
            ::kill(::getpid(), SIGINT);
            while (!stop.stop_requested()) ::usleep(1000);
            ::kill(::getpid(), SIGINT);
            for (;;) ::pause();
            return 7;
          }) == 1);
}

TEST_CASE("SIGHUP reloads, and a reload that fails changes nothing") {
  REQUIRE(in_child([] {
            std::stop_source stop;
            std::mutex mutex;
            std::condition_variable reloaded;
            int reloads = 0;
            const SignalThread signals(stop, [&] {
              const std::lock_guard lock(mutex);
              ++reloads;
              reloaded.notify_all();
              if (reloads == 1) throw std::runtime_error("wrong configuration");
            });
            std::unique_lock lock(mutex);
            for (int wanted = 1; wanted <= 2; ++wanted) {
              ::kill(::getpid(), SIGHUP);
              reloaded.wait(lock, [&] { return reloads == wanted; });
            }
            return stop.stop_requested() ? 1 : 7;
          }) == 7);
}
