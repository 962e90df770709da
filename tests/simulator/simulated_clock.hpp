#pragma once

#include <chrono>

#include "support/instant.hpp"

namespace mirror::simulator {

/// WorkOS' idea of the time. Runs with the host's clock, shifted by an offset, until it is frozen; then it moves only
/// when told. Not thread-safe.
class SimulatedClock {
 public:
  [[nodiscard]] Instant now() const { return frozen_ ? base_ : Instant{base_.microseconds + elapsed()}; }
  [[nodiscard]] bool frozen() const { return frozen_; }

  /// May go back.
  void set(Instant now) {
    base_ = now;
    started_ = std::chrono::steady_clock::now();
  }
  /// Negative goes back.
  void advance(std::chrono::microseconds duration) { set({now().microseconds + duration.count()}); }
  void freeze(bool frozen) {
    set(now());
    frozen_ = frozen;
  }

 private:
  static Instant host_time() {
    const auto time = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::microseconds>(time).count()};
  }
  [[nodiscard]] std::int64_t elapsed() const {
    const auto time = std::chrono::steady_clock::now() - started_;
    return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  }

  Instant base_ = host_time();
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  bool frozen_ = false;
};

}  // namespace mirror::simulator
