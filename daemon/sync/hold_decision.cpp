#include "sync/hold_decision.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <utility>

#include "model/streams.hpp"
#include "support/fault_point.hpp"
#include "support/log.hpp"
#include "sync/confirmation.hpp"

namespace mirror::sync {
namespace {

Error not_open(int id, std::string_view state) {
  return {Fault::usage, fmt::format("hold {} {}", id, state), "`authkit-mirror holds` lists the open ones"};
}

std::string stream_of_open(const MirrorSession& session, int id, const std::stop_token& stop) {
  std::optional<db::HoldRecord> hold;
  session.writer.run([&](WriteSession& write) { hold = write.tables.holds.read(write.transaction, id); }, stop);
  if (!hold) throw not_open(id, "does not exist");
  if (hold->state != "open") throw not_open(id, "is not open any more: it was " + hold->state);
  return hold->stream;
}

/// One approval of a hold, while deletions may still join it.
class Approval {
 public:
  using Items = std::vector<db::HeldDeletion>;

  Approval(const MirrorSession& session, const TableSpec& table, int id) : session_(session), table_(table), id_(id) {}

  /// Deletions of the hold that were not asked about; empty: there are none, and the hold is closed.
  std::optional<Items> close_or_read(const std::string& decided_by, const std::stop_token& stop) {
    fault_point("approval.before_decision");
    Items unasked;
    session_.writer.run(
        [&](WriteSession& write) {
          unasked = write.tables.holds.read_items(write.transaction, id_);
          std::erase_if(unasked, [&](const auto& item) { return asked_.contains({item.id, item.event_id}); });
          if (unasked.empty()) close(write, decided_by);
        },
        stop);
    return unasked.empty() ? std::nullopt : std::optional(std::move(unasked));
  }

  /// Each row is read once more; those that are gone are buried.
  void ask_about(const Items& items, const std::stop_token& stop) {
    std::vector<std::string> ids;
    DeletionEvents events;
    for (const auto& item : items) {
      ids.push_back(item.id);
      if (item.event_id.empty()) continue;
      events.emplace(item.id, DeletionEvent{item.event_id, parse_instant(item.deleted_at)});
    }
    const auto confirmation = confirm(session_, table_, ids, nullptr, stop);
    const auto burial = bury_confirmed(session_, table_, confirmation, stop, events);
    deleted_ += burial.rows;
    for (const auto& item : items) {
      // Observed again meanwhile: it is asked about once more.
      if (std::ranges::count(burial.survivors, item.id) == 0) asked_.emplace(item.id, item.event_id);
    }
    for (const auto& row : confirmation.gone) {
      kept_.erase(row.id);
      gone_.insert(row.id);
    }
    for (const auto& id : confirmation.kept) {
      gone_.erase(id);
      kept_.insert(id);
    }
  }

  [[nodiscard]] HoldOutcome outcome() const { return {id_, deleted_, static_cast<long>(kept_.size())}; }

 private:
  void close(WriteSession& write, const std::string& decided_by) const {
    const auto& holds = write.tables.holds;
    if (!holds.decide(write.transaction, id_, "approved", decided_by)) return;
    holds.note_outcome(write.transaction, id_, {gone_.begin(), gone_.end()}, deleted_, {kept_.begin(), kept_.end()});
    holds.close_moot(write.transaction, table_, id_);  // an event and a sweep may miss the same rows
  }

  const MirrorSession& session_;
  const TableSpec& table_;
  const int id_;
  std::set<std::pair<std::string, std::string>> asked_;  ///< id of the row and of its deletion event
  std::set<std::string> gone_;
  std::set<std::string> kept_;
  long deleted_ = 0;
};

}  // namespace

HoldOutcome approve_hold(const MirrorSession& session, int id, const std::string& decided_by,
                         const std::stop_token& stop) {
  const auto stream = stream_of_open(session, id, stop);
  const auto* table = find_table(stream);
  if (table == nullptr) throw Error(Fault::bug, fmt::format("hold {} is about the unknown table {}", id, stream));

  Approval approval(session, *table, id);
  // While the API is asked, deletions go on to join the hold: it is closed when none is left unasked.
  while (const auto unasked = approval.close_or_read(decided_by, stop)) approval.ask_about(*unasked, stop);
  const auto outcome = approval.outcome();
  log::info("hold {} of {} was approved by {}: {} rows marked deleted, {} kept", id, stream, decided_by,
            outcome.deleted, outcome.kept);
  return outcome;
}

HoldOutcome discard_hold(const MirrorSession& session, int id, const std::string& decided_by,
                         const std::stop_token& stop) {
  std::string problem;
  session.writer.run(
      [&](WriteSession& write) {
        const auto hold = write.tables.holds.read(write.transaction, id);
        if (!hold) {
          problem = "does not exist";
        } else if (!write.tables.holds.decide(write.transaction, id, "discarded", decided_by)) {
          problem = "is not open any more: it was " + hold->state;
        }
      },
      stop);
  if (!problem.empty()) throw not_open(id, problem);
  log::info("hold {} was discarded by {}", id, decided_by);
  return {id, 0, 0};
}

}  // namespace mirror::sync
