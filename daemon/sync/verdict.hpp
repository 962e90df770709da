#pragma once

#include <string_view>

#include "model/row_state.hpp"
#include "model/table_spec.hpp"

namespace mirror::sync {

/// One sighting of an object at the API.
struct Observation {
  Source source = Source::list;
  Instant observed_at;  ///< the answer's Date, or the event's creation
  Instant updated_at;
  ContentHash hash;
  std::string_view event_id = {};  ///< if it was seen in an event
  /// A read by id that was asked for when the mirror held what it still holds: it is younger, whatever clocks say.
  bool decisive = false;
};

/// What a sighting means for the mirror.
enum class Verdict {
  insert,
  update,
  revive,  ///< the row is dead here and alive there
  unchanged,
  stale,   ///< older than what the mirror holds; changes nothing, is counted
  confirm  ///< the order can't be told: a read of the object by its id decides
};

/// Rules R1 and R3: decides about a sighting, given what the mirror knows (null: nothing). Pure.
Verdict judge(const RowState* known, const Observation& seen) noexcept;

/// What the death of a parent means for a child that is seen alive.
enum class ChildVerdict {
  accept,
  bury,    ///< older at the source than its parent's death: it arrives dead (rule R9)
  confirm  ///< newer than its parent's death: a read by id decides
};

/// Rule R9, for a sighting of a child whose parent is dead here. Pure.
ChildVerdict judge_child(const Tombstone& parent, const Observation& seen) noexcept;

/// What a deletion event means for the mirror.
enum class DeathVerdict {
  bury,
  entomb,   ///< the mirror never saw the object: a tombstone keeps pages in flight from bringing it in
  confirm,  ///< seen alive after the event was created: a read by id decides
  upgrade,  ///< dead already, but not by an event: now it is
  stale     ///< known, or followed by a later life
};

/// Rule R3: deletions are ordered by event id. Pure.
DeathVerdict judge_deletion(const RowState* known, std::string_view event_id, Instant at) noexcept;

/// Whether `seen` is the version that `known` holds, whatever its fields without versions say. Pure.
bool is_version(const RowState& known, const Observation& seen) noexcept;

/// The state that the mirror holds once `seen` is written over `known` (null: nothing).
RowState state_after(const RowState* known, const Observation& seen, Instant created_at);

}  // namespace mirror::sync
