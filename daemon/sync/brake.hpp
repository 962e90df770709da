#pragma once

#include <optional>
#include <string>

#include "sync/sync_options.hpp"

namespace mirror::sync {

/// Rule R8: whether `deletions` out of `live_rows` must wait for a person. Returns which limit is crossed, as a phrase
/// for messages, or empty if they may go on. A count equal to a limit passes. Pure.
std::optional<std::string> crossed_limit(long deletions, long live_rows, const BrakeOptions& options);

/// So many live rows that `deletions` of them do not cross max_percent: whoever counts may stop there. Pure.
long rows_that_allow(long deletions, const BrakeOptions& options);

}  // namespace mirror::sync
