#include "sync/brake.hpp"

#include <fmt/core.h>

#include <cmath>
#include <limits>

namespace mirror::sync {

std::optional<std::string> crossed_limit(long deletions, long live_rows, const BrakeOptions& options) {
  if (deletions > options.max_count) {
    return fmt::format("{} deletions exceed brake.max_count = {}", deletions, options.max_count);
  }
  const double allowed = static_cast<double>(live_rows) * options.max_percent / 100.0;
  if (deletions > options.min_count && static_cast<double>(deletions) > allowed) {
    return fmt::format("{} deletions of {} rows exceed brake.max_percent = {}", deletions, live_rows,
                       options.max_percent);
  }
  return std::nullopt;
}

long rows_that_allow(long deletions, const BrakeOptions& options) {
  if (options.max_percent <= 0) return std::numeric_limits<long>::max();
  // One more than computed: rounding may lie on either side.
  return static_cast<long>(std::ceil(static_cast<double>(deletions) * 100.0 / options.max_percent)) + 1;
}

}  // namespace mirror::sync
