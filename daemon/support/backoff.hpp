#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

namespace mirror {

/// Exponential backoff with full jitter: the n-th delay is uniform in [0, min(cap, base * 2^n)].
/// Full jitter spreads the retries of many clients best
/// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). Not thread-safe.
class Backoff {
 public:
  using Duration = std::chrono::milliseconds;

  /// Without a seed it takes a random one, when it is first needed: most requests succeed at once.
  Backoff(Duration base, Duration cap) : base_(base), cap_(cap) {}
  Backoff(Duration base, Duration cap, std::uint64_t seed) : base_(base), cap_(cap), random_(seed) {}

  /// The next delay; each call doubles the range until the cap.
  Duration next();
  /// Start again after a success.
  void reset() { attempts_ = 0; }
  [[nodiscard]] int attempts() const { return attempts_; }

 private:
  Duration base_;
  Duration cap_;
  int attempts_ = 0;
  std::optional<std::mt19937_64> random_;
};

}  // namespace mirror
