#include "sync/confirmation.hpp"

#include <algorithm>
#include <map>
#include <mutex>

#include "db/mirror_tables.hpp"
#include "support/fault_point.hpp"
#include "support/log.hpp"
#include "sync/parallel.hpp"

namespace mirror::sync {
namespace {

/// Rows buried in one transaction, so that none lasts long.
constexpr std::size_t most_burials = 500;

using Younger = std::vector<std::pair<const TableSpec*, std::string>>;

long bury_chunk(const MirrorSession& session, const TableSpec& table, std::vector<db::Death> deaths, DeletedBy by,
                const HoldBack& hold_back, Younger& younger, const std::stop_token& stop) {
  long buried = 0;
  session.writer.run(
      [&](WriteSession& write) {
        if (hold_back) hold_back(write, deaths);
        buried = write.tables.rows(table).bury(write.transaction, "id", deaths, by, write.feed);
        auto children = db::bury_children(write.transaction, write.tables, table, deaths, write.feed);
        buried += children.buried;
        younger = std::move(children.to_confirm);
      },
      stop);
  return buried;
}

/// What the mirror holds before the API is asked: an answer is younger than that, whatever its Date says.
RowStates read_states(const MirrorSession& session, const TableSpec& table, const std::vector<std::string>& ids,
                      const std::stop_token& stop) {
  RowStates states;
  const std::vector<std::string_view> wanted(ids.begin(), ids.end());
  session.writer.run(
      [&](WriteSession& write) { write.tables.rows(table).read_states(write.transaction, wanted, states); }, stop);
  return states;
}

}  // namespace

Confirmation confirm(const MirrorSession& session, const TableSpec& table, const std::vector<std::string>& ids,
                     const std::shared_ptr<SnapshotContext>& snapshot, const std::stop_token& stop) {
  Confirmation result;
  const RowStates states = read_states(session, table, ids, stop);
  std::mutex mutex;
  for_each_parallel(ids, session.parallelism(), stop, [&](const std::string& id, const std::stop_token& token) {
    std::optional<api::SingleObject> object;
    try {
      object = session.api.get(table, id, api::Lane::confirm, token);
    } catch (const Error& error) {
      if (error.fault() != Fault::bad_data) throw;
      log::warn("{} {} exists but can't be decoded: {}", table.name, id, error.what());
    }
    if (snapshot) session.board.finished_iteration(snapshot->stream->name, longest_request);
    fault_point("confirmation.before_write");
    const std::lock_guard lock(mutex);
    if (object && !object->found) {
      result.gone.push_back(id);
      result.as_of = std::max(result.as_of, object->answered_at);
      return;
    }
    result.kept.push_back(id);
    if (!object) return;
    const auto known = states.find(id);
    session.writer.push(
        SingleWrite{snapshot, std::move(*object), known == states.end() ? std::nullopt : std::optional(known->second)},
        token);
  });
  if (stop.stop_requested()) throw Error(Fault::stopped, "stopped");
  return result;
}

long bury_confirmed(const MirrorSession& session, const TableSpec& table, const Confirmation& confirmation,
                    const std::stop_token& stop, const DeletionEvents& events, const HoldBack& hold_back) {
  std::map<DeletedBy, std::vector<db::Death>> deaths;
  for (const auto& id : confirmation.gone) {
    const auto event = events.find(id);
    const bool by_event = event != events.end();
    deaths[by_event ? DeletedBy::event : DeletedBy::sweep].push_back(
        {id, confirmation.as_of, by_event ? event->second : std::string()});
  }
  long buried = 0;
  std::map<const TableSpec*, std::vector<std::string>> younger_by_table;
  for (const auto& [by, all] : deaths) {
    for (std::size_t first = 0; first < all.size(); first += most_burials) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
      const auto count = std::min(most_burials, all.size() - first);
      Younger younger;
      buried +=
          bury_chunk(session, table, {begin, begin + static_cast<std::ptrdiff_t>(count)}, by, hold_back, younger, stop);
      for (auto& [child, id] : younger) younger_by_table[child].push_back(std::move(id));
    }
  }
  for (const auto& [child, ids] : younger_by_table) {
    buried += bury_confirmed(session, *child, confirm(session, *child, ids, nullptr, stop), stop);
  }
  return buried;
}

}  // namespace mirror::sync
