#pragma once

#include <atomic>
#include <functional>
#include <string_view>

namespace mirror {

namespace fault_points {

/// True while an observer is installed; never in production.
inline std::atomic<bool> observed{false};

/// Tells the observer; out of line, so that a point costs its caller a load and a branch.
void reach(std::string_view name);

}  // namespace fault_points

/// A place in the code at which a test may let the process "crash": a test's observer throws there. In production it
/// costs one relaxed load. Throws only what the observer throws. Thread-safe.
inline void fault_point(std::string_view name) {
  if (fault_points::observed.load(std::memory_order_relaxed)) fault_points::reach(name);
}

/// Calls `observe(name)` for every fault point that any thread reaches, until it is destroyed. One at a time; must be
/// destroyed after the threads that reach points have ended.
class FaultPointObserver {
 public:
  explicit FaultPointObserver(std::function<void(std::string_view name)> observe);
  ~FaultPointObserver();
  FaultPointObserver(const FaultPointObserver&) = delete;
  FaultPointObserver& operator=(const FaultPointObserver&) = delete;
};

}  // namespace mirror
