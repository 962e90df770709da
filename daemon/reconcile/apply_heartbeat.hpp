#pragma once

#include <thread>

#include "db/database_options.hpp"
#include "db/reconcile_lease.hpp"
#include "support/clock.hpp"

namespace mirror::reconcile {

/// Renews the right to apply plans while a request takes long, by a thread and a connection of its own. Losing it is
/// noticed by the next write of the journal, not here. Ends in the destructor.
class ApplyHeartbeat {
 public:
  ApplyHeartbeat(const db::DatabaseOptions& database, const db::ReconcileLease& lease, Clock& clock);

 private:
  std::jthread thread_;
};

}  // namespace mirror::reconcile
