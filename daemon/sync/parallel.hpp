#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace mirror::sync {

/// Runs `work(stop)` on `threads` threads (at least one) until all return. The first exception stops the others through
/// their stop token and is rethrown at the end.
template <typename Work>
void run_parallel(int threads, const std::stop_token& stop, Work work) {
  std::stop_source source;
  const std::stop_callback forward(stop, [&] { source.request_stop(); });
  std::mutex mutex;
  std::exception_ptr first_error;
  {
    std::vector<std::jthread> pool;
    for (int i = 0; i < (threads > 1 ? threads : 1); ++i) {
      pool.emplace_back([&] {
        try {
          work(source.get_token());
        } catch (...) {
          const std::lock_guard lock(mutex);
          if (!first_error) first_error = std::current_exception();
          source.request_stop();
        }
      });
    }
  }
  if (first_error) std::rethrow_exception(first_error);
}

/// Calls `action(item, stop)` for every item, on up to `threads` threads at once, in no particular order.
template <typename Item, typename Action>
void for_each_parallel(const std::vector<Item>& items, int threads, const std::stop_token& stop, Action action) {
  std::atomic<std::size_t> next{0};
  const int useful = static_cast<int>(std::min<std::size_t>(items.size(), static_cast<std::size_t>(threads)));
  if (items.empty()) return;
  run_parallel(useful, stop, [&](const std::stop_token& token) {
    for (auto i = next++; i < items.size() && !token.stop_requested(); i = next++) action(items[i], token);
  });
}

}  // namespace mirror::sync
