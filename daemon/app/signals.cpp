#include "app/signals.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <string_view>
#include <utility>

#include "support/exit_code.hpp"
#include "support/log.hpp"

namespace mirror::app {
namespace {

/// Ends the thread itself; nobody else has a reason to send it.
constexpr int end_of_thread = SIGUSR2;

sigset_t taken_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, end_of_thread}) sigaddset(&signals, signal);
  return signals;
}

[[noreturn]] void exit_at_once() {
  constexpr std::string_view message =
      "authkit-mirror: second signal, ended at once; the next start goes on from the last "
      "committed page\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, message.data(), message.size());
  std::_Exit(static_cast<int>(ExitCode::not_all_well));
}

void call_safely(const std::function<void()>& reload) {
  try {
    reload();
  } catch (const std::exception& error) {
    log::error("reload failed, the configuration stays as it was: {}", error.what());
  }
}

void take_signals(const std::stop_source& stop, const std::function<void()>& reload) {
  const sigset_t signals = taken_signals();
  bool was_asked = false;
  for (;;) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0 || signal == end_of_thread) return;
    if (signal == SIGHUP) {
      call_safely(reload);
      continue;
    }
    if (was_asked) exit_at_once();
    was_asked = true;
    log::info("{}: stopping after the page that is being written", signal == SIGTERM ? "SIGTERM" : "SIGINT");
    stop.request_stop();
  }
}

}  // namespace

void block_signals() {
  const sigset_t signals = taken_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);  // a closed connection is an error of the write that met it
}

SignalThread::SignalThread(std::stop_source stop, std::function<void()> reload)
    : thread_([stop = std::move(stop), reload = std::move(reload)] { take_signals(stop, reload); }) {}

SignalThread::~SignalThread() {
  pthread_kill(thread_.native_handle(), end_of_thread);
  thread_.join();
}

}  // namespace mirror::app
