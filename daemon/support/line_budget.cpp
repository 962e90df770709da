#include "support/line_budget.hpp"

#include <utility>

namespace mirror {

std::optional<std::uint64_t> LineBudget::spend(std::string_view kind, Clock::TimePoint now) {
  const std::lock_guard lock(mutex_);
  auto place = kinds_.find(kind);
  if (place == kinds_.end()) place = kinds_.emplace(kind, Kind{now}).first;
  Kind& known = place->second;
  if (now - known.began_at >= window_) {
    known.began_at = now;
    known.said = 0;
  }
  if (known.said == lines_) {
    ++known.kept_back;
    return std::nullopt;
  }
  ++known.said;
  return std::exchange(known.kept_back, 0);
}

}  // namespace mirror
