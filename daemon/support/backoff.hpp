#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace mirror {

/// Exponential backoff with full jitter: the n-th delay is uniform in [0, min(cap, base * 2^n)].
/// Full jitter spreads the retries of many clients best
/// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). Not thread-safe.
class Backoff {
 public:
  using Duration = std::chrono::milliseconds;

  Backoff(Duration base, Duration cap, std::uint64_t seed = std::random_device{}())
      : base_(base), cap_(cap), random_(seed) {}

  /// The next delay; each call doubles the range until the cap.
  Duration next();
  /// Start again after a success.
  void reset() { attempts_ = 0; }
  [[nodiscard]] int attempts() const { return attempts_; }

 private:
  Duration base_;
  Duration cap_;
  int attempts_ = 0;
  std::mt19937_64 random_;
};

}  // namespace mirror
