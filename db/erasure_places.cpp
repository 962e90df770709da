#include "db/erasure_places.hpp"

#include <array>

namespace mirror::db {
namespace {

using enum Removal;

constexpr std::array places{
    // Rows that are about persons go as a whole; in an invitation that the person sent, the inviter.
    ErasurePlace{"users", "*", by_name},
    ErasurePlace{"organization_memberships", "*", by_name},
    ErasurePlace{"invitations", "*", by_name},
    ErasurePlace{"organizations", "*", harmless},
    ErasurePlace{"organization_domains", "*", harmless},

    // What was told of them goes; where others are told of, the person's ids in it.
    ErasurePlace{"events", "id", harmless},
    ErasurePlace{"events", "type", harmless},
    ErasurePlace{"events", "table_name", harmless},
    ErasurePlace{"events", "object_id", by_name},
    ErasurePlace{"events", "raw", by_name},
    ErasurePlace{"events", "error", text},
    ErasurePlace{"events", "tried_version", harmless},
    ErasurePlace{"changes", "table_name", harmless},
    ErasurePlace{"changes", "id", by_name},
    ErasurePlace{"changes", "op", harmless},
    ErasurePlace{"changes", "via", harmless},
    ErasurePlace{"changes", "event_id", by_name},
    ErasurePlace{"changes", "before", by_name},
    ErasurePlace{"changes", "content", by_name},
    ErasurePlace{"quarantine", "table_name", harmless},
    ErasurePlace{"quarantine", "id", by_name},
    ErasurePlace{"quarantine", "raw", by_name},
    ErasurePlace{"quarantine", "error", text},

    // The daemon's own work names objects by id.
    ErasurePlace{"candidates", "id", rows, "snapshots", "snapshot_id"},
    ErasurePlace{"candidates", "table_name", harmless},
    ErasurePlace{"candidates", "scope", harmless},
    ErasurePlace{"candidates", "segment", passing},
    ErasurePlace{"hold_items", "id", rows, "holds", "hold_id"},
    ErasurePlace{"hold_items", "table_name", harmless},
    ErasurePlace{"hold_items", "event_id", harmless},
    ErasurePlace{"hold_items", "outcome", harmless},
    ErasurePlace{"doubts", "id", rows},
    ErasurePlace{"doubts", "table_name", harmless},
    ErasurePlace{"doubts", "event_id", harmless},
    ErasurePlace{"drift", "example_id", value, "snapshots", "snapshot_id"},
    ErasurePlace{"drift", "table_name", harmless},
    ErasurePlace{"drift", "cause", harmless},
    ErasurePlace{"snapshots", "first_id", value},
    ErasurePlace{"snapshots", "last_id", value},
    ErasurePlace{"snapshots", "reason", text},
    ErasurePlace{"snapshots", "stream", harmless},
    ErasurePlace{"snapshots", "state", harmless},
    // Without its cursor a walk would have to begin anew. It goes when the list is read to its end.
    ErasurePlace{"walks", "progress", passing},
    ErasurePlace{"walks", "segment", passing},
    ErasurePlace{"walks", "stream", harmless},
    ErasurePlace{"walks", "scope", harmless},
    ErasurePlace{"walks", "state", harmless},
    ErasurePlace{"streams", "error", text},
    ErasurePlace{"streams", "next_step", text},
    ErasurePlace{"streams", "stream", harmless},
    ErasurePlace{"streams", "state", harmless},
    ErasurePlace{"holds", "reason", text},
    ErasurePlace{"holds", "stream", harmless},
    ErasurePlace{"holds", "state", harmless},
    ErasurePlace{"holds", "cause", harmless},
    ErasurePlace{"holds", "decided_by", harmless},
    ErasurePlace{"event_tails", "problem", text},
    ErasurePlace{"event_tails", "cursor", harmless},
    ErasurePlace{"commands", "arguments", by_name},
    ErasurePlace{"commands", "result", by_name},
    ErasurePlace{"commands", "kind", harmless},
    ErasurePlace{"commands", "requested_by", harmless},
    ErasurePlace{"commands", "outcome", harmless},
    ErasurePlace{"lease", "holder", harmless},
    ErasurePlace{"lease", "holder_version", harmless},
    ErasurePlace{"schema_migrations", "*", harmless},

    // Of the readers of the feed, of history, and the journal of reconciliation.
    ErasurePlace{"consumers", "*", harmless},
    ErasurePlace{"history_tables", "*", harmless},
    ErasurePlace{"reconcile_plans", "*", harmless},
    ErasurePlace{"reconcile_lease", "*", harmless},
    ErasurePlace{"reconcile_actions", "object_id", value},
    ErasurePlace{"reconcile_actions", "error", text},
    ErasurePlace{"reconcile_actions", "digest", harmless},
    ErasurePlace{"reconcile_actions", "kind", harmless},
    ErasurePlace{"reconcile_actions", "organization_id", harmless},
    ErasurePlace{"reconcile_actions", "state", harmless},
    ErasurePlace{"reconcile_actions", "idempotency_key", harmless},
    ErasurePlace{"reconcile_actions", "request_id", harmless},

    // What is left of the erased.
    ErasurePlace{"erasure_key", "*", harmless},
    ErasurePlace{"erasures", "*", harmless},
    ErasurePlace{"erased_ids", "*", harmless},
};

}  // namespace

std::span<const ErasurePlace> erasure_places() noexcept {
  return places;
}

}  // namespace mirror::db
