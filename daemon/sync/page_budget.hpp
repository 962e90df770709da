#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <stop_token>

namespace mirror::sync {

/// How many pages of lists there may be in memory at once, over all streams: a page has its place from before it is
/// asked for until it is written. That bounds what sweeps hold, however many walks there are and however far the
/// database falls behind (rule R16). Thread-safe; outlives its places.
class PageBudget {
 public:
  /// The right to hold one page, given back at its end. Movable; empty after a move and by default.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept;
    Place& operator=(Place&& other) noexcept;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();

    explicit operator bool() const { return budget_ != nullptr; }

   private:
    friend class PageBudget;
    explicit Place(PageBudget& budget) : budget_(&budget) {}
    void give_back();

    PageBudget* budget_ = nullptr;
  };

  explicit PageBudget(std::size_t places) : free_(places) {}

  /// Waits for a place. Whoever has one must not wait for another. Throws Error (stopped).
  [[nodiscard]] Place reserve(const std::stop_token& stop);
  [[nodiscard]] bool is_used_up() const;
  /// How many wait for a place.
  [[nodiscard]] std::size_t waiting() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any given_back_;
  std::size_t free_;
  std::size_t waiting_ = 0;
};

}  // namespace mirror::sync
