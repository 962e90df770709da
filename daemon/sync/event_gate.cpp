#include "sync/event_gate.hpp"

#include <algorithm>
#include <utility>

#include "db/mirror_tables.hpp"
#include "support/log.hpp"

namespace mirror::sync {

EventGate::EventGate(WriteSession& session, const TableSpec& table, const BrakeOptions& options,
                     const std::vector<std::string_view>& ids)
    : session_(session),
      table_(table),
      brake_(session, options),
      children_(db::count_children_of_each(session.transaction, session.tables, table, ids)),
      is_holding_(session.tables.holds.is_open(session.transaction, table.name, "event")),
      discarded_(session.tables.holds.discarded_events(session.transaction, table.name, ids)) {
  hold_.stream = table.name;
  hold_.cause = "event";
  hold_.reason = "joined";  // never stored: a hold is open
}

bool EventGate::may_pass(const db::Death& death, bool is_live) {
  if (discarded_.contains(death.event_id)) return false;
  static const db::ChildCounts none;
  const auto found = children_.find(death.key);
  const auto& children = found == children_.end() ? none : found->second;
  if (!is_holding_) {
    auto why = brake_.stop(table_, death.at, is_live, children);
    if (!why) return true;
    is_holding_ = true;
    hold_.reason = std::move(*why);
    hold_.live_rows = brake_.live_rows(table_);
  }
  long with_it = 0;
  for (const auto& [child, count] : children) with_it += count;
  held_.push_back({death.key, death.event_id, to_string(death.at), with_it});
  return false;
}

bool EventGate::is_held(const db::Death& later) {
  const auto held = std::ranges::find(held_, later.key, &db::HeldDeletion::id);
  if (held == held_.end()) return false;
  *held = {later.key, later.event_id, to_string(later.at), held->children};
  return true;
}

std::size_t EventGate::save() const {
  if (held_.empty()) return 0;
  const auto joined = session_.tables.holds.join(session_.transaction, hold_, held_);
  if (joined.added == 0) return 0;
  log::warn(
      "{}: {} deletions by event are held in hold {}. Look at it with `authkit-mirror holds`, then approve or "
      "discard it",
      table_.name, joined.added, joined.id);
  return static_cast<std::size_t>(joined.added);
}

}  // namespace mirror::sync
