#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

namespace mirror {

/// A first-in first-out queue with a capacity: a full queue holds its producers back, which is what keeps the daemon's
/// memory flat however large the directory is. All members are thread-safe.
template <typename Item>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Waits for a place. False, and the item is dropped, when a stop is requested or the queue is closed.
  bool push(Item item, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [&] { return closed_ || items_.size() < capacity_; })) return false;
    if (closed_) return false;
    items_.push_back(std::move(item));
    changed_.notify_all();
    return true;
  }

  /// Waits until there is something, then takes all of it (at most `most` items) in order. Empty when a stop is
  /// requested or the queue is closed and drained.
  std::vector<Item> take(std::size_t most, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [&] { return closed_ || !items_.empty(); });
    return take_locked(most);
  }

  /// Like take, but gives up at `until`; an empty result then means that nothing came.
  template <typename TimePoint>
  std::vector<Item> take_until(std::size_t most, TimePoint until, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, stop, until, [&] { return closed_ || !items_.empty(); });
    return take_locked(most);
  }

  /// No further pushes; whoever waits is woken.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

  [[nodiscard]] bool is_closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  std::vector<Item> take_locked(std::size_t most) {
    std::vector<Item> taken;
    while (!items_.empty() && taken.size() < most) {
      taken.push_back(std::move(items_.front()));
      items_.pop_front();
    }
    if (!taken.empty()) changed_.notify_all();
    return taken;
  }

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Item> items_;
  bool closed_ = false;
};

}  // namespace mirror
