#include "sync/hold_decision.hpp"

#include <fmt/core.h>

#include "model/streams.hpp"
#include "support/fault_point.hpp"
#include "support/log.hpp"
#include "sync/confirmation.hpp"

namespace mirror::sync {
namespace {

Error not_open(int id, std::string_view state) {
  return {Fault::usage, fmt::format("hold {} {}", id, state), "`authkit-mirror holds` lists the open ones"};
}

}  // namespace

HoldOutcome approve_hold(const MirrorSession& session, int id, const std::string& decided_by,
                         const std::stop_token& stop) {
  std::optional<db::HoldRecord> hold;
  std::vector<std::string> ids;
  DeletionEvents events;
  session.writer.run(
      [&](WriteSession& write) {
        hold = write.tables.holds.read(write.transaction, id);
        if (!hold) return;
        for (auto& item : write.tables.holds.read_items(write.transaction, id)) {
          if (!item.event_id.empty()) events.emplace(item.id, std::move(item.event_id));
          ids.push_back(std::move(item.id));
        }
      },
      stop);
  if (!hold) throw not_open(id, "does not exist");
  if (hold->state != "open") throw not_open(id, "is not open any more: it was " + hold->state);
  const auto* table = find_table(hold->stream);
  if (table == nullptr) throw Error(Fault::bug, fmt::format("hold {} is about the unknown table {}", id, hold->stream));

  const auto confirmation = confirm(session, *table, ids, nullptr, stop);
  HoldOutcome outcome{id, bury_confirmed(session, *table, confirmation, stop, events),
                      static_cast<long>(confirmation.kept.size())};
  fault_point("approval.before_decision");
  session.writer.run(
      [&](WriteSession& write) {
        if (!write.tables.holds.decide(write.transaction, id, "approved", decided_by)) return;
        // What a person has approved does not count against the next deletions.
        write.tables.holds.cover(write.transaction, id, confirmation.as_of);
        write.tables.holds.note_outcome(write.transaction, id, confirmation.gone, outcome.deleted, confirmation.kept);
        write.tables.holds.close_moot(write.transaction, *table, id);  // an event and a sweep may miss the same rows
      },
      stop);
  log::info("hold {} of {} was approved by {}: {} rows marked deleted, {} kept", id, hold->stream, decided_by,
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
