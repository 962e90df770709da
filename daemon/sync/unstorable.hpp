#pragma once

#include "sync/write_job.hpp"

namespace mirror::sync {

// Find the rows that PostgreSQL refuses (rule R10) and take them out of the job, so that the rest can be written. False
// if there are none.

bool take_out_unstorable(db::Transaction& transaction, const db::MirrorTables& tables, PageWrite& page);
/// All of it, if it can't be stored whole.
bool take_out_unstorable(db::Transaction& transaction, const db::MirrorTables& tables, SingleWrite& single);
bool take_out_unstorable(db::Transaction& transaction, const db::MirrorTables& tables, EventWrite& events);

}  // namespace mirror::sync
