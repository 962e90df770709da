#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "db/erased_ids.hpp"
#include "db/quarantine_store.hpp"
#include "model/row_batch.hpp"
#include "sync/write_job.hpp"

namespace mirror::sync {

// What comes from WorkOS about persons that were erased, taken out before anything of it is stored. All of this returns
// at once as long as nobody was erased.

/// Whether the row is about an erased person.
bool is_erased(const db::ErasedIds& erased, const RowBatch& batch, std::size_t row);

/// A row about somebody else that names an erased person, without that; empty if it names none.
std::optional<RowBatch> without_erased_mentions(const db::ErasedIds& erased, const RowBatch& batch, std::size_t row);

/// Takes out the events about erased persons, and their ids out of the others. A second call finds nothing to do.
void leave_out_erased(const db::ErasedIds& erased, EventWrite& write);

/// The same for an object that could not be decoded or stored; false: nothing of it may be kept.
bool leave_out_erased(const db::ErasedIds& erased, const TableSpec& table, db::QuarantinedObject& object);

}  // namespace mirror::sync
