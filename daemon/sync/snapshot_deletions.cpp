#include "sync/snapshot_deletions.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "db/mirror_tables.hpp"
#include "model/streams.hpp"
#include "support/fault_point.hpp"
#include "support/log.hpp"
#include "sync/brake.hpp"
#include "sync/confirmation.hpp"

namespace mirror::sync {

db::SnapshotCounts SnapshotDeletions::run(const std::stop_token& stop) {
  std::set<const TableSpec*> held;
  auto all = read_candidates(stop);
  for (auto& candidates : all) leave_to_event_hold(candidates, stop);
  const auto deaths = count_deaths(all, stop);
  for (const auto& candidates : all) {
    if (candidates.ids.empty()) continue;
    outcome_.candidates += static_cast<std::int64_t>(candidates.ids.size());
    if (const auto hold_record = over_the_limit(candidates, deaths, stop)) {
      hold(candidates, *hold_record, stop);
      held.insert(candidates.table);
    } else {
      confirm_and_bury(candidates, stop);
    }
  }
  // What an older sweep held and this one no longer misses is settled.
  session_.writer.run(
      [&](WriteSession& write) {
        for (const auto* table : tables_of(*snapshot_->stream)) {
          if (!held.contains(table)) write.tables.holds.replace_open(write.transaction, table->name, "sweep");
        }
      },
      stop);
  return outcome_;
}

std::vector<SnapshotDeletions::Candidates> SnapshotDeletions::read_candidates(const std::stop_token& stop) {
  std::vector<Candidates> by_table;
  if (!snapshot_->has_candidates) return by_table;
  session_.writer.run(
      [&](WriteSession& write) {
        by_table.clear();
        for (auto& candidate : write.tables.walks.read_candidates(write.transaction, snapshot_->id)) {
          const auto* table = find_table(candidate.table);
          if (by_table.empty() || by_table.back().table != table) by_table.push_back({table, {}});
          by_table.back().ids.push_back(std::move(candidate.id));
        }
      },
      stop);
  return by_table;
}

/// What an event deleted and the brake stopped waits for a person, whoever else misses it.
void SnapshotDeletions::leave_to_event_hold(Candidates& candidates, const std::stop_token& stop) {
  std::vector<std::string> held;
  session_.writer.run(
      [&](WriteSession& write) { held = write.tables.holds.held_by_events(write.transaction, candidates.table->name); },
      stop);
  const std::set<std::string_view> waiting(held.begin(), held.end());
  const auto left = std::erase_if(candidates.ids, [&](const std::string& id) { return waiting.contains(id); });
  outcome_.candidates += static_cast<std::int64_t>(left);
  outcome_.held += static_cast<std::int64_t>(left);
}

/// Rule R8: counted before any is confirmed; children count in their own table, beside what that one misses itself.
SnapshotDeletions::Deaths SnapshotDeletions::count_deaths(const std::vector<Candidates>& all,
                                                          const std::stop_token& stop) {
  Deaths deaths;
  session_.writer.run(
      [&](WriteSession& write) {
        deaths.clear();
        for (const auto& candidates : all) {
          deaths[candidates.table] += static_cast<long>(candidates.ids.size());
          for (const auto& [child, count] :
               db::count_children(write.transaction, write.tables, *candidates.table, candidates.ids)) {
            deaths[child] += count;
          }
        }
      },
      stop);
  return deaths;
}

std::optional<db::HoldRecord> SnapshotDeletions::over_the_limit(const Candidates& candidates, const Deaths& deaths,
                                                                const std::stop_token& stop) {
  std::optional<db::HoldRecord> hold;
  session_.writer.run(
      [&](WriteSession& write) {
        hold.reset();
        const auto brake = session_.options().brake;
        const auto count_live = [&](const TableSpec& table) {
          return write.tables.rows(table).count_live(write.transaction);
        };
        const long live = count_live(*candidates.table);
        auto crossed = crossed_limit(deaths.at(candidates.table), live, brake);
        long cascades = 0;
        for (const auto& [child, count] :
             db::count_children(write.transaction, write.tables, *candidates.table, candidates.ids)) {
          cascades += count;
          if (crossed || count == 0) continue;
          const auto of_child = crossed_limit(deaths.at(child), count_live(*child), brake);
          if (of_child) crossed = fmt::format("with them {} would lose rows: {}", child->name, *of_child);
        }
        if (!crossed) return;
        const auto deletions = static_cast<long>(candidates.ids.size());
        hold = db::HoldRecord{
            0, std::string(candidates.table->name), "open", "sweep", snapshot_->id, deletions, cascades, live, *crossed,
            ""};
      },
      stop);
  return hold;
}

void SnapshotDeletions::hold(const Candidates& candidates, const db::HoldRecord& hold, const std::stop_token& stop) {
  int id = 0;
  session_.writer.run(
      [&](WriteSession& write) {
        // Somebody may have been erased while the API was asked.
        auto ids = candidates.ids;
        std::erase_if(ids, [&](const std::string& each) { return write.erased.holds(each); });
        id = write.tables.holds.open(write.transaction, hold, ids);
      },
      stop);
  fault_point("snapshot.after_hold");
  outcome_.held += hold.deletions;
  log::warn("{}: deletions are held as hold {}: {}. Look at it with `authkit-mirror holds`, then approve or discard it",
            hold.stream, id, hold.reason);
}

void SnapshotDeletions::confirm_and_bury(const Candidates& candidates, const std::stop_token& stop) {
  const auto confirmation = confirm(session_, *candidates.table, candidates.ids, snapshot_, stop);
  fault_point("snapshot.before_bury");
  const long buried = bury_confirmed(session_, *candidates.table, confirmation, stop).rows;
  outcome_.deleted += buried;
  if (!confirmation.gone.empty()) note_drift(*candidates.table, ids_of(confirmation.gone), stop);
  log::info(
      "{}: {} of {} rows that the walk did not meet are gone at WorkOS ({} rows marked deleted with their children)",
      candidates.table->name, confirmation.gone.size(), candidates.ids.size(), buried);
}

void SnapshotDeletions::note_drift(const TableSpec& table, const std::vector<std::string>& gone,
                                   const std::stop_token& stop) {
  if (!snapshot_->tail_began_at) return;
  const auto cause = drift_cause_of_deletion(snapshot_->started_at, snapshot_->tail());
  session_.writer.run(
      [&](WriteSession& write) {
        const auto example =
            std::ranges::find_if(gone, [&](const std::string& each) { return !write.erased.holds(each); });
        if (example == gone.end()) return;
        write.tables.drift.add(
            write.transaction, snapshot_->id,
            {std::string(table.name), std::string(cause), static_cast<std::int64_t>(gone.size()), *example});
      },
      stop);
}

}  // namespace mirror::sync
