#pragma once

#include <algorithm>
#include <vector>

namespace mirror::bench {

/// The value below which the part `fraction` of `values`, which must not be empty, lies.
inline double quantile(std::vector<double> values, double fraction) {
  std::ranges::sort(values);
  const auto place = static_cast<std::size_t>(fraction * static_cast<double>(values.size()));
  return values[std::min(place, values.size() - 1)];
}

}  // namespace mirror::bench
