#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "db/hold_store.hpp"
#include "sync/event_brake.hpp"
#include "sync/write_job.hpp"

namespace mirror::sync {

/// Where deletions by event of one table pass the brake, or are held: the one that crosses it, and while a hold is open
/// every one (rule R8). Lives within one write transaction; not thread-safe.
class EventGate {
 public:
  /// `ids` are all that will be asked about.
  EventGate(WriteSession& session, const TableSpec& table, const BrakeOptions& options,
            const std::vector<std::string_view>& ids);

  /// Whether `death` may be applied; if not, it is held, or left to the next sweep because a person discarded it. A row
  /// that is not alive counts for its children only.
  bool may_pass(const db::Death& death, bool is_live);
  /// Whether rows would die with it.
  [[nodiscard]] bool has_children(const db::Death& death) const { return children_.contains(death.key); }
  /// Whether `id` was held here; a later deletion of it then takes the place of the earlier one.
  bool is_held(const db::Death& later);
  /// Puts what was held into the table's open hold. Returns how many deletions are new in it.
  std::size_t save() const;

 private:
  WriteSession& session_;
  const TableSpec& table_;
  EventBrake brake_;
  std::unordered_map<std::string, db::ChildCounts, IdHash, std::equal_to<>> children_;
  bool is_holding_;
  std::set<std::string, std::less<>> discarded_;  ///< events
  db::HoldRecord hold_;
  std::vector<db::HeldDeletion> held_;
};

}  // namespace mirror::sync
