#pragma once

#include "app/check_report.hpp"

namespace mirror::api {
struct ApiStatistics;
}  // namespace mirror::api

namespace mirror::app {

/// What the answers so far say about the quota, against our share of it (`api.max_requests_per_second`). WorkOS
/// documents its quotas and shows none in its answers; one that is shown nevertheless is taken over. Pure.
CheckLine check_quota(const api::ApiStatistics& seen, double share_per_second);

}  // namespace mirror::app
