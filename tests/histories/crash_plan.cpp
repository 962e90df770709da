#include "tests/histories/crash_plan.hpp"

#include <chrono>
#include <thread>
#include <utility>

#include "support/error.hpp"

namespace mirror::histories {

void CrashPlan::arm(std::string point, std::size_t skip) {
  const std::lock_guard lock(mutex_);
  armed_ = std::move(point);
  skip_ = skip;
}

void CrashPlan::crash() {
  const std::lock_guard lock(mutex_);
  crashed_ = true;
}

bool CrashPlan::has_crashed() const {
  const std::lock_guard lock(mutex_);
  return crashed_;
}

void CrashPlan::begin_anew() {
  const std::lock_guard lock(mutex_);
  crashed_ = false;
}

void CrashPlan::hesitate(bool yes) {
  const std::lock_guard lock(mutex_);
  hesitates_ = yes;
}

std::map<std::string, std::size_t> CrashPlan::hits() const {
  const std::lock_guard lock(mutex_);
  return hits_;
}

std::map<std::string, std::size_t> CrashPlan::crashes() const {
  const std::lock_guard lock(mutex_);
  return crashes_;
}

/// Nobody waits for an outcome here: it is the order of threads that is left to chance.
void CrashPlan::wait_somewhat() {
  constexpr std::int64_t longest = 8'000;
  std::chrono::microseconds pause{0};
  {
    const std::lock_guard lock(mutex_);
    if (hesitates_ && random_.below(3) == 0) pause = std::chrono::microseconds(random_.between(0, longest));
  }
  if (pause.count() > 0) std::this_thread::sleep_for(pause);
}

void CrashPlan::reach(std::string_view point) {
  wait_somewhat();
  const std::lock_guard lock(mutex_);
  ++hits_[std::string(point)];
  if (crashed_) throw Error(Fault::bug, "the process is gone");
  if (point != armed_) return;
  if (skip_ > 0) {
    --skip_;
    return;
  }
  armed_.clear();
  crashed_ = true;
  ++crashes_[std::string(point)];
  throw Error(Fault::bug, "a crash at " + std::string(point));
}

}  // namespace mirror::histories
