#include "support/backoff.hpp"

#include <algorithm>

namespace mirror {

Backoff::Duration Backoff::next() {
  if (!random_) random_.emplace(std::random_device{}());
  // Beyond 2^30 the cap has long been reached; the bound keeps the shift defined.
  const int exponent = std::min(attempts_++, 30);
  const auto range = std::min<std::int64_t>(cap_.count(), base_.count() << exponent);
  return Duration{std::uniform_int_distribution<std::int64_t>{0, range}(*random_)};
}

}  // namespace mirror
