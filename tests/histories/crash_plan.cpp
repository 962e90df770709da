#include "tests/histories/crash_plan.hpp"

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

std::map<std::string, std::size_t> CrashPlan::hits() const {
  const std::lock_guard lock(mutex_);
  return hits_;
}

std::map<std::string, std::size_t> CrashPlan::crashes() const {
  const std::lock_guard lock(mutex_);
  return crashes_;
}

void CrashPlan::reach(std::string_view point) {
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
