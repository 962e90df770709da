#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "db/reconcile_journal.hpp"
#include "reconcile/plan_file.hpp"
#include "support/clock.hpp"
#include "support/error.hpp"

namespace mirror::api {
class ApiClient;
}

namespace mirror::reconcile {

struct ApplyOptions {
  std::string environment;
  std::string applied_by;
  bool approved = false;  ///< a person agreed to what exceeds the limits
  std::chrono::seconds lease_ttl{15};
};

/// What an apply did.
struct ApplyReport {
  bool was_applied_before = false;        ///< all of it; nothing was done now
  std::vector<db::JournalEntry> entries;  ///< every action, in order
  std::optional<Error> stopped_by;        ///< what kept it from going on; the rest stays planned

  [[nodiscard]] long count(const std::string& state) const;
  /// What the mirror will hear of.
  [[nodiscard]] std::vector<db::OwnWrite> own_writes() const;
};

/// Applies a plan, or goes on with one that was broken off, action by action: journal, request, journal. Throws Error:
/// usage if the plan is too old, for another environment or mirror, or over a limit without approval; lease_lost if
/// another process applies one; what the database says.
ApplyReport apply_plan(const SealedPlan& sealed, const db::DatabaseOptions& database,
                       const std::shared_ptr<api::ApiClient>& client, Clock& clock, const ApplyOptions& options,
                       const std::stop_token& stop);

/// Looks at the API what apply_plan would do, and changes nothing: "planned" means that it would be sent.
ApplyReport try_plan(const SealedPlan& sealed, const db::DatabaseOptions& database,
                     const std::shared_ptr<api::ApiClient>& client, const ApplyOptions& options,
                     const std::stop_token& stop);

/// Waits until the mirror has seen `writes`; returns how many it has not at the end of `limit`. Looks twice a second,
/// and at once when a notification of the change feed reaches us.
std::size_t wait_for_mirror(const db::DatabaseOptions& database, const std::string& environment,
                            const std::vector<db::OwnWrite>& writes, std::chrono::seconds limit,
                            const std::stop_token& stop);

}  // namespace mirror::reconcile
