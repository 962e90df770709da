#pragma once

#include <functional>
#include <stop_token>
#include <thread>

namespace mirror::app {

/// Blocks the signals that SignalThread takes, for this thread and all that it starts later. Call before the first
/// thread starts; else a signal may end the process through a thread that does not block it. SIGPIPE is ignored.
void block_signals();

/// Takes the signals of the process, one after the other, on a thread of its own: no code ever runs in a signal
/// handler. SIGTERM and SIGINT request a stop; a second one ends the process at once. SIGHUP calls `reload` on this
/// thread.
class SignalThread {
 public:
  SignalThread(std::stop_source stop, std::function<void()> reload);
  ~SignalThread();
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  std::thread thread_;
};

}  // namespace mirror::app
