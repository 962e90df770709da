#pragma once

#include <chrono>

#include "support/instant.hpp"

namespace mirror::sync {

/// Events from this long before a starting point are read too: clocks differ, and whether `range_start` is inclusive is
/// not documented.
inline constexpr std::chrono::minutes tail_overlap{5};

/// Where the tail begins, given the API's time before the first page of a list is read (rule R5).
inline Instant tail_start(Instant api_time) {
  return {api_time.microseconds - std::chrono::microseconds(tail_overlap).count()};
}

}  // namespace mirror::sync
