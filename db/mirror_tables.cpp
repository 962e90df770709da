#include "db/mirror_tables.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "model/streams.hpp"
#include "support/error.hpp"

namespace mirror::db {
namespace {

/// Calls `action(child table, column that names the parent)` for every table whose rows die with `parent`'s.
template <typename Action>
void for_each_child(const TableSpec& parent, Action action) {
  for (const auto* table : all_tables()) {
    for (const auto& link : table->parents) {
      if (link.table == parent.name) action(*table, link.column);
    }
  }
}

}  // namespace

MirrorTables::MirrorTables(const Connection& connection, const std::string& environment)
    : snapshots(environment),
      walks(environment),
      holds(environment),
      quarantine(environment),
      commands(environment),
      events(environment),
      tails(environment),
      doubts(environment),
      drift(environment),
      feed_retention(environment) {
  for (const auto* table : all_tables()) rows_.emplace_back(connection, *table, environment);
}

const RowStore& MirrorTables::rows(const TableSpec& table) const {
  const auto found = std::ranges::find_if(rows_, [&](const RowStore& store) { return &store.spec() == &table; });
  if (found == rows_.end()) throw Error(Fault::bug, fmt::format("{} is not a mirrored table", table.name));
  return *found;
}

CascadeResult bury_children(Transaction& transaction, const MirrorTables& tables, const TableSpec& parent,
                            const std::vector<Death>& deaths, ChangeFeed& feed) {
  CascadeResult result;
  std::vector<std::string_view> ids;
  for (const auto& death : deaths) ids.push_back(death.key);
  for_each_child(parent, [&](const TableSpec& child, std::string_view column) {
    const auto& rows = tables.rows(child);
    result.buried += rows.bury(transaction, column, deaths, DeletedBy::cascade, feed);
    RowStates left;
    for (auto& id : rows.read_states_of(transaction, column, ids, left)) {
      if (left.at(id).is_live()) result.to_confirm.emplace_back(&child, std::move(id));
    }
  });
  return result;
}

void date_deaths_of_children(Transaction& transaction, const MirrorTables& tables, const TableSpec& parent,
                             const std::vector<Death>& deaths, ChangeFeed& feed) {
  for_each_child(parent, [&](const TableSpec& child, std::string_view column) {
    tables.rows(child).date_deaths(transaction, column, deaths, feed);
  });
}

ChildCounts count_children(Transaction& transaction, const MirrorTables& tables, const TableSpec& parent,
                           const std::vector<std::string>& parent_ids) {
  ChildCounts counts;
  for_each_child(parent, [&](const TableSpec& child, std::string_view column) {
    long sum = 0;
    const auto of_each = tables.rows(child).count_live_by(transaction, column, {parent_ids.begin(), parent_ids.end()});
    for (const auto& [id, count] : of_each) sum += count;
    counts.emplace_back(&child, sum);
  });
  return counts;
}

std::unordered_map<std::string, ChildCounts, IdHash, std::equal_to<>> count_children_of_each(
    Transaction& transaction, const MirrorTables& tables, const TableSpec& parent,
    const std::vector<std::string_view>& parent_ids) {
  std::unordered_map<std::string, ChildCounts, IdHash, std::equal_to<>> children;
  for_each_child(parent, [&](const TableSpec& child, std::string_view column) {
    for (auto& [id, count] : tables.rows(child).count_live_by(transaction, column, parent_ids)) {
      children[std::move(id)].emplace_back(&child, count);
    }
  });
  return children;
}

}  // namespace mirror::db
