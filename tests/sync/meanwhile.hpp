#pragma once

#include <atomic>
#include <functional>
#include <string_view>

#include "support/fault_point.hpp"

namespace mirror::tests {

/// Acts once, the `number`th time that a fault point is reached. Made before the threads that reach it.
class Meanwhile {
 public:
  Meanwhile(std::string_view point, int number) : point_(point), number_(number) {}

  std::function<void()> action;
  [[nodiscard]] bool has_happened() const { return has_happened_; }

 private:
  void reached(std::string_view name) {
    if (name != point_ || !action || ++reached_ != number_) return;
    has_happened_ = true;
    action();
  }

  const std::string_view point_;
  const int number_;
  std::atomic<int> reached_ = 0;
  std::atomic<bool> has_happened_ = false;
  FaultPointObserver observer_{[this](std::string_view name) { reached(name); }};
};

}  // namespace mirror::tests
