#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "db/command_store.hpp"
#include "db/doubt_store.hpp"
#include "db/drift_store.hpp"
#include "db/event_store.hpp"
#include "db/feed_retention.hpp"
#include "db/hold_store.hpp"
#include "db/quarantine_store.hpp"
#include "db/row_store.hpp"
#include "db/snapshot_store.hpp"
#include "db/tail_store.hpp"
#include "db/walk_store.hpp"

namespace mirror::db {

/// Every table of one environment, for one connection. Not thread-safe.
class MirrorTables {
 public:
  MirrorTables(const Connection& connection, const std::string& environment);

  /// The rows of a mirrored table. Throws Error (bug) for a table that is none.
  [[nodiscard]] const RowStore& rows(const TableSpec& table) const;

  SnapshotStore snapshots;
  WalkStore walks;
  HoldStore holds;
  QuarantineStore quarantine;
  CommandStore commands;
  EventStore events;
  TailStore tails;
  DoubtStore doubts;
  DriftStore drift;
  FeedRetention feed_retention;

 private:
  std::vector<RowStore> rows_;
};

/// What died with rows of a parent table.
struct CascadeResult {
  long buried = 0;
  /// Live children changed at the source after their parent's death: a read by id decides about them.
  std::vector<std::pair<const TableSpec*, std::string>> to_confirm;
};

/// Rule R9: buries the children of rows of `parent` that died, in the same transaction.
CascadeResult bury_children(Transaction& transaction, const MirrorTables& tables, const TableSpec& parent,
                            const std::vector<Death>& deaths, ChangeFeed& feed);

/// Tells history when children died that were found dead before the deletion events of their parents came.
void date_deaths_of_children(Transaction& transaction, const MirrorTables& tables, const TableSpec& parent,
                             const std::vector<Death>& deaths, ChangeFeed& feed);

/// Live children, by their table.
using ChildCounts = std::vector<std::pair<const TableSpec*, long>>;

/// How many live children would die with rows of `parent`, all together.
ChildCounts count_children(Transaction& transaction, const MirrorTables& tables, const TableSpec& parent,
                           const std::vector<std::string>& parent_ids);

/// How many live children would die with each row of `parent`; rows without any are left out.
std::unordered_map<std::string, ChildCounts, IdHash, std::equal_to<>> count_children_of_each(
    Transaction& transaction, const MirrorTables& tables, const TableSpec& parent,
    const std::vector<std::string_view>& parent_ids);

}  // namespace mirror::db
