#include "sync/page_budget.hpp"

#include <utility>

#include "support/error.hpp"

namespace mirror::sync {

PageBudget::Place::Place(Place&& other) noexcept : budget_(std::exchange(other.budget_, nullptr)) {}

PageBudget::Place& PageBudget::Place::operator=(Place&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  budget_ = std::exchange(other.budget_, nullptr);
  return *this;
}

PageBudget::Place::~Place() {
  give_back();
}

void PageBudget::Place::give_back() {
  if (budget_ == nullptr) return;
  {
    const std::lock_guard lock(budget_->mutex_);
    ++budget_->free_;
  }
  budget_->given_back_.notify_one();
}

PageBudget::Place PageBudget::reserve(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  ++waiting_;
  const bool is_free = given_back_.wait(lock, stop, [&] { return free_ > 0; });
  --waiting_;
  if (!is_free) throw Error(Fault::stopped, "stopped");
  --free_;
  return Place(*this);
}

bool PageBudget::is_used_up() const {
  const std::lock_guard lock(mutex_);
  return free_ == 0;
}

std::size_t PageBudget::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

}  // namespace mirror::sync
