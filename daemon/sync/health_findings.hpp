#pragma once

#include <string>

#include "db/connection.hpp"
#include "sync/status_board.hpp"
#include "sync/sync_options.hpp"

namespace mirror::sync {

/// Raises and clears the findings that the database knows about (open holds, quarantine, a tail that is late), and
/// shows what else it says on the board. Throws Error when the database is away.
void refresh_findings(db::Connection& connection, const SyncOptions& options, StatusBoard& board);

}  // namespace mirror::sync
