#include "support/fault_point.hpp"

#include <mutex>
#include <utility>

namespace mirror {
namespace {

std::mutex observer_mutex;
std::function<void(std::string_view)> observer;

}  // namespace

void fault_points::reach(std::string_view name) {
  std::function<void(std::string_view)> observe;
  {
    const std::lock_guard lock(observer_mutex);
    observe = observer;
  }
  if (observe) observe(name);
}

FaultPointObserver::FaultPointObserver(std::function<void(std::string_view)> observe) {
  const std::lock_guard lock(observer_mutex);
  observer = std::move(observe);
  fault_points::observed = true;
}

FaultPointObserver::~FaultPointObserver() {
  fault_points::observed = false;
  const std::lock_guard lock(observer_mutex);
  observer = nullptr;
}

}  // namespace mirror
