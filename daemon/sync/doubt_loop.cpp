#include "sync/doubt_loop.hpp"

#include <algorithm>

#include "db/mirror_tables.hpp"
#include "model/streams.hpp"
#include "support/backoff.hpp"
#include "support/fault_point.hpp"
#include "support/log.hpp"
#include "sync/event_gate.hpp"

namespace mirror::sync {
namespace {

constexpr int most_at_once = 100;
constexpr std::chrono::milliseconds poll_interval{200};
constexpr std::chrono::milliseconds longest_rest{30'000};
/// Doubts about what is embedded in other objects are found by looking.
constexpr std::chrono::seconds uncounted_interval{30};

std::vector<std::string_view> keys_of(const std::vector<db::Death>& deaths) {
  std::vector<std::string_view> keys;
  for (const auto& death : deaths) keys.emplace_back(death.key);
  return keys;
}

}  // namespace

void DoubtLoop::run(const std::stop_token& stop) {
  Backoff backoff(poll_interval, longest_rest);
  auto look_at = session_.clock.now();
  std::uint64_t seen = ~std::uint64_t{0};  // what a killed process left is looked for once
  while (!stop.stop_requested()) {
    session_.board.finished_iteration("doubts", longest_request);
    try {
      // Without new doubts the database is hardly asked: not every one of them is counted.
      const auto raised = session_.board.events().doubtful;
      if (raised != seen || session_.clock.now() >= look_at) {
        while (settle_some(stop) && !stop.stop_requested())
          session_.board.finished_iteration("doubts", longest_request);
        seen = raised;
        look_at = session_.clock.now() + uncounted_interval;
      }
      backoff.reset();
      session_.clock.wait_for(poll_interval, stop);
    } catch (const Error& error) {
      if (stop.stop_requested()) break;
      log::warn("doubts that events left can't be settled and are tried again: {}", error.what());
      session_.clock.wait_for(poll_interval + backoff.next(), stop);
    }
  }
  session_.board.retire_loop("doubts");
}

bool DoubtLoop::settle_some(const std::stop_token& stop) {
  std::vector<db::Doubt> doubts;
  session_.writer.run([&](WriteSession& write) { doubts = write.tables.doubts.read(write.transaction, most_at_once); },
                      stop);
  if (doubts.empty()) return false;
  const auto* table = find_table(doubts.front().table);
  if (table == nullptr) throw Error(Fault::bug, "a doubt is about the unknown table " + doubts.front().table);
  std::vector<std::string> ids;
  for (const auto& doubt : doubts) ids.push_back(doubt.id);
  const auto survivors = bury_deleted(*table, doubts, confirm(session_, *table, ids, nullptr, stop), stop);
  // Observed again while it was asked for: it is asked for once more.
  std::erase_if(doubts, [&](const db::Doubt& doubt) { return std::ranges::count(survivors, doubt.id) > 0; });
  fault_point("doubts.before_settle");
  session_.writer.run([&](WriteSession& write) { write.tables.doubts.settle(write.transaction, doubts); }, stop);
  return true;
}

/// Of what is gone at the API only those die here whose deletion was told; the others have events of their own.
std::vector<std::string> DoubtLoop::bury_deleted(const TableSpec& table, const std::vector<db::Doubt>& doubts,
                                                 Confirmation confirmation, const std::stop_token& stop) {
  DeletionEvents events;
  for (const auto& doubt : doubts) {
    if (doubt.event_id.empty()) continue;
    events.emplace(doubt.id, DeletionEvent{doubt.event_id, parse_instant(doubt.deleted_at)});
  }
  std::erase_if(confirmation.gone, [&](const auto& gone) { return !events.contains(gone.id); });
  const auto held_back = [&](WriteSession& write, std::vector<db::Death>& deaths) { hold_back(table, write, deaths); };
  return bury_confirmed(session_, table, confirmation, stop, events, held_back).survivors;
}

/// Deletions that were in doubt count like any other (rule R8).
void DoubtLoop::hold_back(const TableSpec& table, WriteSession& write, std::vector<db::Death>& deaths) const {
  const auto ids = keys_of(deaths);
  RowStates states;
  write.tables.rows(table).read_states(write.transaction, ids, states);
  EventGate gate(write, table, session_.options().brake, ids);
  std::erase_if(deaths, [&](const db::Death& death) {
    const auto known = states.find(death.key);
    const bool is_live = known != states.end() && known->second.is_live();
    return !is_live || !gate.may_pass(death, true);
  });
  EventCounts counts;
  counts.held = gate.save();
  session_.board.add_events(counts);
}

}  // namespace mirror::sync
