#include "api/server_time.hpp"

namespace mirror::api {

void ServerTime::note(Instant date, Clock::TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (date_ && date < *date_) return;
  date_ = date;
  noted_at_ = now;
}

std::optional<Instant> ServerTime::at(Clock::TimePoint now) const {
  const std::lock_guard lock(mutex_);
  if (!date_) return std::nullopt;
  const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(now - noted_at_);
  return Instant{date_->microseconds + passed.count()};
}

}  // namespace mirror::api
