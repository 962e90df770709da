#include "sync/stop_guard.hpp"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "support/log.hpp"

namespace mirror::sync {
namespace {

/// What a statement may still take once a stop is requested.
constexpr std::chrono::milliseconds patience{2'000};
constexpr std::chrono::milliseconds between_attempts{500};

/// `ended` is requested when there is nothing left to guard.
void guard(const std::stop_token& ended, const db::Canceller& statement, const char* what,
           const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any woken;
  // Before the lock is taken: if the stop has been requested already, this runs at once.
  const std::stop_callback wake(stop, [&] {
    const std::lock_guard locked(mutex);
    woken.notify_all();
  });
  std::unique_lock lock(mutex);
  if (!woken.wait(lock, ended, [&] { return stop.stop_requested(); })) return;
  for (auto rest = patience; !woken.wait_for(lock, ended, rest, [&] { return ended.stop_requested(); });
       rest = between_attempts) {
    log::warn("the database has not answered the {} since the stop was requested: cancelling its statement", what);
    statement.cancel();
  }
}

}  // namespace

StopGuard::StopGuard(db::Canceller statement, const char* what, std::stop_token stop)
    : thread_([statement = std::move(statement), what, stop = std::move(stop)](const std::stop_token& ended) {
        guard(ended, statement, what, stop);
      }) {}

}  // namespace mirror::sync
