#include "sync/drift.hpp"

namespace mirror::sync {
namespace {

/// Events become visible seconds after the change (github.com/get-convex/workos-authkit/issues/73); clocks differ.
constexpr std::int64_t visibility_margin = 15'000'000;

bool may_be_in_flight(Instant changed_at, const TailReach& tail) {
  return changed_at.microseconds > tail.caught_up_through.microseconds - visibility_margin;
}

}  // namespace

std::string_view drift_cause(const RowState* known, const Observation& seen, Verdict verdict, const TailReach& tail) {
  if (verdict == Verdict::update && known != nullptr && known->updated_at == seen.updated_at) {
    return known->hash && known->hash->same_version(seen.hash) ? "no_event" : "unknown";
  }
  if (may_be_in_flight(seen.updated_at, tail)) return "in_flight";
  return seen.updated_at < tail.began_at ? "unknown" : "missed_event";
}

/// When the object was deleted is not known. Most likely not within the last seconds; but if the tail was far behind
/// when the sweep began, the event may still come.
std::string_view drift_cause_of_deletion(Instant sweep_began_at, const TailReach& tail) {
  const bool tail_was_behind =
      sweep_began_at.microseconds > tail.caught_up_through.microseconds + 4 * visibility_margin;
  return tail_was_behind ? "in_flight" : "missed_event";
}

}  // namespace mirror::sync
