#include "app/check_quota.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "api/api_client.hpp"

namespace mirror::app {
namespace {

/// 6,000 requests in 60 s for all that has the key, and as many reads of users in 10 s windows
/// (https://workos.com/docs/reference/rate-limits).
constexpr double documented_per_second = 100;

std::string shown_quota(const api::ApiStatistics& seen) {
  if (!seen.quota_limit) return "the answers show no quota";
  std::string text = fmt::format("the answers show a quota of {} requests", *seen.quota_limit);
  if (seen.quota_remaining) text += fmt::format(", {} left", *seen.quota_remaining);
  return text;
}

bool is_nearly_used_up(const api::ApiStatistics& seen) {
  return seen.quota_limit && seen.quota_remaining && *seen.quota_remaining * 10 < *seen.quota_limit;
}

}  // namespace

CheckLine check_quota(const api::ApiStatistics& seen, double share_per_second) {
  std::uint64_t asked = 0;
  for (const auto& [status, attempts] : seen.attempts_by_status) asked += attempts;
  const std::string share = fmt::format("our share is {:g} a second", share_per_second);
  if (seen.rate_limited > 0) {
    return {"quota",
            CheckResult::warning,
            fmt::format("{} of {} requests were refused with 429; {}; {}", seen.rate_limited, asked, shown_quota(seen),
                        share),
            "find what else uses this key, or lower api.max_requests_per_second",
            {}};
  }
  const std::string unrefused = fmt::format("none of {} requests was refused; {}", asked, shown_quota(seen));
  if (is_nearly_used_up(seen)) {
    return {"quota",
            CheckResult::warning,
            fmt::format("{}; {}", unrefused, share),
            "something else uses this key; lower api.max_requests_per_second, or the mirror takes what is left",
            {}};
  }
  const std::string known =
      fmt::format("{}; {} of the {:g} that WorkOS documents", unrefused, share, documented_per_second);
  if (share_per_second <= documented_per_second) return {"quota", CheckResult::ok, known, "", {}};
  return {"quota",
          CheckResult::warning,
          known,
          "lower api.max_requests_per_second, unless WorkOS granted more: sign-ins use the same quota",
          {}};
}

}  // namespace mirror::app
