#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "support/fault_point.hpp"
#include "tests/simulator/random.hpp"

namespace mirror::histories {

/// Lets the process crash at a fault point: from there on every point throws, so that nothing more is written. Counts.
/// May let threads hesitate there, so that they meet in other orders. Thread-safe.
class CrashPlan {
 public:
  CrashPlan() : observer_([this](std::string_view point) { reach(point); }) {}

  /// Crashes at the point's next time after `skip` others.
  void arm(std::string point, std::size_t skip);
  void disarm() { arm({}, 0); }
  /// The process is gone from now on, wherever it is.
  void crash();
  [[nodiscard]] bool has_crashed() const;
  /// A new process begins.
  void begin_anew();
  /// From now on threads stay at points for some milliseconds, or no longer.
  void hesitate(bool yes);

  [[nodiscard]] std::map<std::string, std::size_t> hits() const;
  [[nodiscard]] std::map<std::string, std::size_t> crashes() const;

 private:
  void reach(std::string_view point);
  void wait_somewhat();

  mutable std::mutex mutex_;
  bool hesitates_ = false;
  simulator::Random random_{1};
  std::string armed_;
  std::size_t skip_ = 0;
  bool crashed_ = false;
  std::map<std::string, std::size_t> hits_;
  std::map<std::string, std::size_t> crashes_;
  FaultPointObserver observer_;
};

}  // namespace mirror::histories
