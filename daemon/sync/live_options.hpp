#pragma once

#include <mutex>
#include <utility>

#include "sync/sync_options.hpp"

namespace mirror::sync {

/// The options as they are now: a reload may change them while everything runs. Thread-safe.
class LiveOptions {
 public:
  explicit LiveOptions(SyncOptions options) : options_(std::move(options)) {}

  [[nodiscard]] SyncOptions get() const {
    const std::lock_guard lock(mutex_);
    return options_;
  }
  /// Takes over what may change while running: intervals and limits.
  void reload(const SyncOptions& fresh) {
    const std::lock_guard lock(mutex_);
    options_.streams = fresh.streams;
    options_.brake = fresh.brake;
    options_.health_max_lag = fresh.health_max_lag;
    options_.events.poll_interval = fresh.events.poll_interval;
    options_.events.idle_interval = fresh.events.idle_interval;
  }

 private:
  mutable std::mutex mutex_;
  SyncOptions options_;
};

}  // namespace mirror::sync
