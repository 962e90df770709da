#pragma once

#include <atomic>

namespace mirror::http {

/// How many of a server's threads may wait for their clients at the same time, for bytes to come or to be taken. There
/// are fewer places than threads, so that clients who dawdle leave threads for the others. Thread-safe.
class WaitingPlaces {
 public:
  explicit WaitingPlaces(int places) : free_(places) {}

  /// A place while it lasts; false if all are taken.
  class Place {
   public:
    explicit Place(WaitingPlaces& all) : all_(all), is_taken_(all.enter()) {}
    ~Place() {
      if (is_taken_) ++all_.free_;
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    explicit operator bool() const { return is_taken_; }

   private:
    WaitingPlaces& all_;
    const bool is_taken_;
  };

 private:
  bool enter() {
    if (--free_ >= 0) return true;
    ++free_;
    return false;
  }

  std::atomic<int> free_;
};

}  // namespace mirror::http
