#include "sync/verdict.hpp"

namespace mirror::sync {
namespace {

Verdict judge_dead(const Tombstone& tombstone, const Observation& seen) noexcept {
  if (seen.observed_at <= tombstone.at) return Verdict::stale;
  // WorkOS itself said that the object is deleted: a list alone does not outweigh that.
  if (tombstone.by == DeletedBy::event && seen.source != Source::single) return Verdict::confirm;
  return Verdict::revive;
}

/// Same `updated_at`, other content: a field that changes without an event, or two answers within one second.
Verdict judge_tie(const RowState& known, const Observation& seen) noexcept {
  if (seen.observed_at < known.observed_at) return Verdict::stale;
  if (seen.source == Source::single) return Verdict::update;
  const bool order_is_known = seen.observed_at > known.observed_at && known.event_id.empty();
  return order_is_known ? Verdict::update : Verdict::confirm;
}

}  // namespace

Verdict judge(const RowState* known, const Observation& seen) noexcept {
  if (known == nullptr) return Verdict::insert;
  if (known->tombstone) return judge_dead(*known->tombstone, seen);
  const bool single = seen.source == Source::single;
  if (!known->updated_at || seen.updated_at > *known->updated_at) {
    // A page read before the content we hold can't know better, whatever its clock says.
    return single || seen.observed_at >= known->observed_at ? Verdict::update : Verdict::confirm;
  }
  if (seen.updated_at == *known->updated_at) {
    return known->hash == seen.hash ? Verdict::unchanged : judge_tie(*known, seen);
  }
  if (single && seen.observed_at >= known->observed_at) return Verdict::update;
  return seen.observed_at > known->observed_at ? Verdict::confirm : Verdict::stale;
}

ChildVerdict judge_child(const Tombstone& parent, const Observation& seen) noexcept {
  if (seen.updated_at <= parent.at) return ChildVerdict::bury;
  return seen.source == Source::single ? ChildVerdict::accept : ChildVerdict::confirm;
}

RowState state_after(const Observation& seen, Instant created_at) {
  RowState state;
  state.created_at = created_at;
  state.updated_at = seen.updated_at;
  state.hash = seen.hash;
  state.observed_at = seen.observed_at;
  return state;
}

}  // namespace mirror::sync
