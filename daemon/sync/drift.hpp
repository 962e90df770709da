#pragma once

#include <string_view>

#include "model/row_state.hpp"
#include "sync/verdict.hpp"

namespace mirror::sync {

/// What the tail has seen, by the API's time.
struct TailReach {
  Instant began_at;
  Instant caught_up_through;
};

/// Why the mirror differed from what a sweep found, although events are followed. "no_event": a field that changes
/// without one. "in_flight": younger than what the tail had reached, its event may still come. "missed_event": an event
/// should have told it. "unknown": older than the tail, or another content under the same version. `known` is what the
/// mirror held, null for nothing. Pure.
std::string_view drift_cause(const RowState* known, const Observation& seen, Verdict verdict, const TailReach& tail);

/// The same for a row that a sweep, begun at `sweep_began_at`, found to be gone at the API without a word. Pure.
std::string_view drift_cause_of_deletion(Instant sweep_began_at, const TailReach& tail);

}  // namespace mirror::sync
