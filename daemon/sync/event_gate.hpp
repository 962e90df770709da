#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "db/hold_store.hpp"
#include "sync/event_brake.hpp"
#include "sync/write_job.hpp"

namespace mirror::sync {

/// Where deletions by event of one table pass the brake, or are held: the one that crosses it, and while a hold is open
/// every one (rule R8). Lives within one write transaction; not thread-safe.
class EventGate {
 public:
  EventGate(WriteSession& session, const TableSpec& table, const BrakeOptions& options);

  /// Whether `death` may be applied; if not, it is held. A row that is not alive counts for its children only.
  bool may_pass(const db::Death& death, bool is_live);
  /// Whether `id` was held here; a later deletion of it then takes the place of the earlier one.
  bool is_held(const db::Death& later);
  /// Puts what was held into the table's open hold. Returns how many deletions that are.
  std::size_t save() const;

 private:
  WriteSession& session_;
  const TableSpec& table_;
  EventBrake brake_;
  bool is_holding_;
  db::HoldRecord hold_;
  std::vector<db::HeldDeletion> held_;
};

}  // namespace mirror::sync
