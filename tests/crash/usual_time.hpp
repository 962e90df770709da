#pragma once

#include <algorithm>
#include <chrono>

namespace mirror::crash {

/// How long an undisturbed sync takes, learned while killing: the machine's load changes, and a sync that goes on after
/// a kill has less to do. Keeps most of the random moments below the true end.
class UsualTime {
 public:
  explicit UsualTime(std::chrono::microseconds measured) : longest_(measured * 2), now_(measured) {}

  [[nodiscard]] std::chrono::microseconds get() const { return now_; }
  void ended_after(std::chrono::microseconds time) { now_ = std::min(now_, time); }
  void was_killed() { now_ = std::min(longest_, now_ + now_ / 20); }

 private:
  std::chrono::microseconds longest_;
  std::chrono::microseconds now_;
};

}  // namespace mirror::crash
