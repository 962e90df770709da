#pragma once

#include "model/row_state.hpp"
#include "model/table_spec.hpp"

namespace mirror::sync {

/// One sighting of an object at the API.
struct Observation {
  Source source = Source::list;
  Instant observed_at;  ///< the answer's Date
  Instant updated_at;
  ContentHash hash;
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

/// The state that the mirror holds once `seen` is written.
RowState state_after(const Observation& seen, Instant created_at);

}  // namespace mirror::sync
