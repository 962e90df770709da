#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "support/clock.hpp"

namespace mirror::sync {

/// How long the database took to commit, as a histogram. A plain value.
struct CommitTimes {
  /// Upper ends of the buckets in seconds: from a commit without a flush to one that the lease's time to live hardly
  /// allows.
  static constexpr std::array<double, 10> bounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1, 2.5, 10};

  std::array<std::uint64_t, bounds.size() + 1> counts{};  ///< the last one is of longer commits
  double sum_seconds = 0;

  void add(Clock::Duration duration) {
    const double seconds = std::chrono::duration<double>(duration).count();
    std::size_t bucket = 0;
    while (bucket < bounds.size() && seconds > bounds[bucket]) ++bucket;
    ++counts[bucket];
    sum_seconds += seconds;
  }
};

}  // namespace mirror::sync
