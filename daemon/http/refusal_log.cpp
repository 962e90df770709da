#include "http/refusal_log.hpp"

#include <chrono>
#include <utility>

namespace mirror::http {
namespace {

constexpr std::chrono::minutes pause_between_lines{1};

}  // namespace

std::optional<std::uint64_t> RefusalLog::count(const std::string& reason) {
  const Clock::TimePoint now = clock_.now();
  const std::lock_guard lock(mutex_);
  Reason& known = reasons_[reason];
  ++known.unsaid;
  if (known.said_at && now - *known.said_at < pause_between_lines) return std::nullopt;
  known.said_at = now;
  return std::exchange(known.unsaid, 0);
}

}  // namespace mirror::http
