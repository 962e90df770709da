#include "sync/confirmation.hpp"

#include <algorithm>
#include <iterator>
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

/// Takes out of `deaths` the rows that live on: they were observed after their death was. Returns their ids.
std::vector<std::string> take_out_survivors(WriteSession& write, const TableSpec& table,
                                            std::vector<db::Death>& deaths) {
  std::vector<std::string_view> ids;
  for (const auto& death : deaths) ids.emplace_back(death.key);
  RowStates states;
  write.tables.rows(table).read_states(write.transaction, ids, states);
  std::vector<std::string> survivors;
  std::erase_if(deaths, [&](const db::Death& death) {
    const auto state = states.find(death.key);
    if (state == states.end() || !state->second.is_live()) return false;
    survivors.push_back(death.key);
    return true;
  });
  return survivors;
}

Burial bury_chunk(const MirrorSession& session, const TableSpec& table, const std::vector<db::Death>& chunk,
                  DeletedBy by, const HoldBack& hold_back, Younger& younger, const std::stop_token& stop) {
  Burial burial;
  session.writer.run(
      [&](WriteSession& write) {
        auto deaths = chunk;
        if (hold_back) hold_back(write, deaths);
        burial.rows = write.tables.rows(table).bury(write.transaction, "id", deaths, by, write.feed);
        burial.survivors = take_out_survivors(write, table, deaths);
        auto children = db::bury_children(write.transaction, write.tables, table, deaths, write.feed);
        burial.rows += children.buried;
        younger = std::move(children.to_confirm);
      },
      stop);
  return burial;
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
    const auto known = states.find(id);
    if (object && !object->found) {
      // The Date is cut to seconds, but the answer is younger than what the mirror held before it asked.
      const Instant at =
          known == states.end() ? object->answered_at : std::max(object->answered_at, known->second.observed_at);
      result.gone.push_back({id, at});
      return;
    }
    result.kept.push_back(id);
    if (!object) return;
    session.writer.push(
        SingleWrite{snapshot, std::move(*object), known == states.end() ? std::nullopt : std::optional(known->second)},
        token);
  });
  if (stop.stop_requested()) throw Error(Fault::stopped, "stopped");
  return result;
}

std::vector<std::string> ids_of(const std::vector<Confirmation::Gone>& gone) {
  std::vector<std::string> ids;
  for (const auto& row : gone) ids.push_back(row.id);
  return ids;
}

Burial bury_confirmed(const MirrorSession& session, const TableSpec& table, const Confirmation& confirmation,
                      const std::stop_token& stop, const DeletionEvents& events, const HoldBack& hold_back) {
  std::map<DeletedBy, std::vector<db::Death>> deaths;
  for (const auto& [id, at] : confirmation.gone) {
    const auto event = events.find(id);
    if (event == events.end()) {
      deaths[DeletedBy::sweep].push_back({id, at});
    } else {
      deaths[DeletedBy::event].push_back({id, at, event->second.id, event->second.created_at});
    }
  }
  Burial all;
  std::map<const TableSpec*, std::vector<std::string>> younger_by_table;
  for (const auto& [by, dead] : deaths) {
    for (std::size_t first = 0; first < dead.size(); first += most_burials) {
      const auto begin = dead.begin() + static_cast<std::ptrdiff_t>(first);
      const auto count = static_cast<std::ptrdiff_t>(std::min(most_burials, dead.size() - first));
      Younger younger;
      auto burial = bury_chunk(session, table, {begin, begin + count}, by, hold_back, younger, stop);
      all.rows += burial.rows;
      std::ranges::move(burial.survivors, std::back_inserter(all.survivors));
      for (auto& [child, id] : younger) younger_by_table[child].push_back(std::move(id));
    }
  }
  for (const auto& [child, ids] : younger_by_table) {
    all.rows += bury_confirmed(session, *child, confirm(session, *child, ids, nullptr, stop), stop).rows;
  }
  return all;
}

}  // namespace mirror::sync
