#include "support/clock.hpp"

#include <condition_variable>
#include <mutex>

namespace mirror {

Clock::TimePoint SystemClock::now() const {
  return std::chrono::steady_clock::now();
}

Instant SystemClock::wall() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count()};
}

bool SystemClock::wait_until(TimePoint when, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  woken.wait_until(lock, stop, when, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace mirror
