#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "support/backoff.hpp"
#include "support/error.hpp"
#include "support/instant.hpp"

namespace mirror::api {

/// Longer waits than this are not obeyed: a broken Retry-After must not silence the mirror for a day.
inline constexpr std::chrono::milliseconds max_retry_after{60'000};

/// Reads Retry-After: seconds, or an HTTP date relative to `date` (the answer's own Date header) or, without one, to
/// `wall`. Capped at max_retry_after; empty for anything else, negative numbers included.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view header, std::string_view date,
                                                           Instant wall);

/// When a failed request is sent again. One per request. Not thread-safe.
class RetryPolicy {
 public:
  /// `safe`: sending the request twice does no harm (GET). Others are repeated only if they were not carried out (429).
  explicit RetryPolicy(bool safe) : safe_(safe), backoff_(base, cap) {}
  RetryPolicy(bool safe, std::uint64_t seed) : safe_(safe), backoff_(base, cap, seed) {}

  /// How long to wait before the next attempt, or nothing if there is to be none.
  std::optional<std::chrono::milliseconds> next_delay(const Error& failure);

 private:
  static constexpr Backoff::Duration base{500};
  static constexpr Backoff::Duration cap{8'000};

  bool safe_;
  int foreign_answers_ = 0;  ///< that WorkOS did not write
  Backoff backoff_;
};

}  // namespace mirror::api
