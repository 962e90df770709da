#include "api/retry_policy.hpp"

#include <algorithm>
#include <charconv>

#include "api/api_error.hpp"

namespace mirror::api {
namespace {

constexpr int max_retries = 5;
/// An answer that WorkOS did not write is mostly a wrong base URL, which no retry mends; sometimes a proxy's bad
/// moment.
constexpr int max_retries_of_foreign_answer = 2;

std::optional<std::chrono::milliseconds> parse_seconds(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc::result_out_of_range) return max_retry_after;
  return std::chrono::milliseconds{std::min<std::int64_t>(seconds, max_retry_after.count() / 1000) * 1000};
}

bool is_rate_limited(const ApiError* answer) {
  return answer != nullptr && answer->status() == 429;
}

bool is_foreign(const ApiError* answer) {
  if (answer == nullptr || answer->from_workos()) return false;
  return answer->status() < 500 && answer->status() != 408 && answer->status() != 429;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view header, std::string_view date,
                                                           Instant wall) {
  if (const auto seconds = parse_seconds(header)) return seconds;
  const auto until = parse_http_date(header);
  if (!until) return std::nullopt;
  const Instant now = parse_http_date(date).value_or(wall);
  const std::chrono::milliseconds wait{(until->microseconds - now.microseconds) / 1000};
  return std::clamp(wait, std::chrono::milliseconds{0}, max_retry_after);
}

std::optional<std::chrono::milliseconds> RetryPolicy::next_delay(const Error& failure) {
  const auto* answer = dynamic_cast<const ApiError*>(&failure);
  if (failure.fault() != Fault::unavailable || backoff_.attempts() >= max_retries) return std::nullopt;
  if (!safe_ && !is_rate_limited(answer)) return std::nullopt;
  if (is_foreign(answer) && ++foreign_answers_ > max_retries_of_foreign_answer) return std::nullopt;
  const std::chrono::milliseconds jittered = backoff_.next();
  const auto asked = answer == nullptr ? std::nullopt : answer->retry_after();
  return asked ? std::max(*asked, jittered) : jittered;
}

}  // namespace mirror::api
