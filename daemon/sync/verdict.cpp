#include "sync/verdict.hpp"

#include <algorithm>

namespace mirror::sync {
namespace {

/// The Date of an answer is cut to whole seconds (RFC 9110, 5.6.7), an event's creation is not: closer than this, their
/// order can't be told.
constexpr std::int64_t date_precision = 1'000'000;

bool is_old_news(const RowState& known, const Observation& seen) {
  return seen.source == Source::event && !known.event_id.empty() && seen.event_id <= known.event_id;
}

/// The read by id that settles a doubt wins (rule R1).
Verdict settle(const RowState& known, const Observation& seen) noexcept {
  if (known.tombstone) return Verdict::revive;
  return known.hash == seen.hash ? Verdict::unchanged : Verdict::update;
}

Verdict judge_dead(const RowState& known, const Observation& seen) noexcept {
  const Tombstone& tombstone = *known.tombstone;
  if (is_old_news(known, seen)) return Verdict::stale;
  const bool ordered_by_id = seen.source == Source::event && !known.event_id.empty();
  if (!ordered_by_id && seen.observed_at <= tombstone.at) return Verdict::stale;
  // WorkOS itself said that the object is deleted: a list or another event alone does not outweigh that.
  if (tombstone.by == DeletedBy::event) return Verdict::confirm;
  return seen.observed_at <= tombstone.at ? Verdict::stale : Verdict::revive;
}

/// Same version, but fields that change without one differ: the later answer of the API wins.
Verdict judge_observed(const RowState& known, const Observation& seen) noexcept {
  const auto later_by = seen.observed_at.microseconds - known.observed_at.microseconds;
  const bool is_event = seen.source == Source::event;
  if (later_by > (is_event ? date_precision : 0)) return Verdict::update;
  return later_by > (is_event ? 0 : -date_precision) ? Verdict::confirm : Verdict::stale;
}

/// Same `updated_at`, another version: two answers within one tick of the API's clock.
Verdict judge_tie(const RowState& known, const Observation& seen) noexcept {
  if (is_old_news(known, seen) || seen.observed_at < known.observed_at) return Verdict::stale;
  const bool lists_only = seen.source == Source::list && known.event_id.empty();
  return lists_only && seen.observed_at > known.observed_at ? Verdict::update : Verdict::confirm;
}

Verdict judge_same_time(const RowState& known, const Observation& seen) noexcept {
  if (known.hash == seen.hash) return Verdict::unchanged;
  return known.hash && known.hash->same_version(seen.hash) ? judge_observed(known, seen) : judge_tie(known, seen);
}

}  // namespace

Verdict judge(const RowState* known, const Observation& seen) noexcept {
  if (known == nullptr) return Verdict::insert;
  if (seen.decisive) return settle(*known, seen);
  if (known->tombstone) return judge_dead(*known, seen);
  if (!known->updated_at || seen.updated_at > *known->updated_at) {
    // A page read before the content we hold can't know better, whatever its clock says.
    const bool is_younger = seen.source == Source::single || seen.observed_at >= known->observed_at;
    return is_younger ? Verdict::update : Verdict::confirm;
  }
  if (seen.updated_at == *known->updated_at) return judge_same_time(*known, seen);
  if (is_old_news(*known, seen)) return Verdict::stale;
  return seen.observed_at > known->observed_at ? Verdict::confirm : Verdict::stale;
}

ChildVerdict judge_child(const Tombstone& parent, const Observation& seen) noexcept {
  if (seen.updated_at <= parent.at) return ChildVerdict::bury;
  return seen.source == Source::single ? ChildVerdict::accept : ChildVerdict::confirm;
}

DeathVerdict judge_deletion(const RowState* known, std::string_view event_id, Instant at) noexcept {
  if (known == nullptr) return DeathVerdict::entomb;
  if (!known->event_id.empty() && event_id <= known->event_id) return DeathVerdict::stale;
  if (known->tombstone) return DeathVerdict::upgrade;
  return known->observed_at > at ? DeathVerdict::confirm : DeathVerdict::bury;
}

bool is_version(const RowState& known, const Observation& seen) noexcept {
  return known.hash && known.hash->same_version(seen.hash) && known.updated_at == seen.updated_at;
}

RowState state_after(const RowState* known, const Observation& seen, Instant created_at) {
  RowState state;
  state.created_at = created_at;
  state.updated_at = seen.updated_at;
  state.hash = seen.hash;
  state.observed_at = seen.observed_at;
  if (known != nullptr) {
    state.event_id = known->event_id;
    // A decisive read may carry a Date that was cut.
    if (seen.decisive) state.observed_at = std::max(state.observed_at, known->observed_at);
  }
  state.event_id = std::max(state.event_id, std::string(seen.event_id));
  return state;
}

}  // namespace mirror::sync
