#include "sync/event_deletions.hpp"

#include <utility>

#include "sync/event_gate.hpp"
#include "sync/verdict.hpp"

namespace mirror::sync {

void EventDeletions::add(const api::EventPage& page, const api::Event& event) {
  run_.table = event.mirrored->table;
  run_.events.push_back({&page, &event});
}

void EventDeletions::settle() {
  if (run_.events.empty()) return;
  judge_all();
  apply_brake();
  const auto& rows = session_.tables.rows(*run_.table);
  bury();
  entomb();
  rows.confirm_deaths(session_.transaction, run_.to_upgrade);
  session_.feed.record_late(session_.transaction, run_.table->name, run_.late);
  for (const auto* deaths : {&run_.to_bury, &run_.others}) {
    db::date_deaths_of_children(session_.transaction, session_.tables, *run_.table, *deaths, session_.feed);
  }
  raise_doubts();
  run_ = {};
}

void EventDeletions::judge_all() {
  std::vector<std::string_view> ids;
  for (const auto& deletion : run_.events) ids.push_back(deletion.event->object_id);
  RowStates states;
  session_.tables.rows(*run_.table).read_states(session_.transaction, ids, states);
  for (const auto& deletion : run_.events) {
    const db::Death death = deletion.death();
    const auto found = states.find(death.key);
    const RowState* known = found == states.end() ? nullptr : &found->second;
    const DeathVerdict verdict = judge_deletion(known, death.event_id, death.at);
    note_late(deletion, verdict, known);
    switch (verdict) {
      case DeathVerdict::bury:
        run_.to_bury.push_back(death);
        break;
      case DeathVerdict::entomb:
        run_.to_entomb.push_back(deletion);
        break;
      case DeathVerdict::upgrade:
        run_.to_upgrade.push_back(death);
        break;
      case DeathVerdict::confirm:
        run_.doubts.push_back({std::string(run_.table->name), death.key, death.event_id, to_string(death.at), {}});
        continue;
      case DeathVerdict::stale:
        ++counts_.stale;
        continue;
    }
    // Told twice in one run, it dies once.
    auto& state = states[death.key];
    state.event_id = death.event_id;
    state.tombstone = Tombstone{death.at, DeletedBy::event};
  }
}

/// What the event tells of the past that no row will show: a death before the one that the row knows, and the object's
/// last version, if no other event or list brought it. A death that is in doubt is part of the past only if the object
/// was changed after it.
void EventDeletions::note_late(const Deletion& deletion, DeathVerdict verdict, const RowState* known) {
  const auto& event = *deletion.event;
  const db::Death death = deletion.death();
  if (!event.rows.empty() && known != nullptr) {
    const auto& place = event.rows.front();
    const auto& batch = deletion.page->batches[place.batch];
    const Observation seen{Source::event, death.at, batch.updated_at(place.row), batch.hash(place.row), event.id};
    if (!is_version(*known, seen)) {
      run_.late.push_back({event.object_id, "event", death.at, event.id, batch.raw(place.row)});
    }
  }
  const bool lives_anew = known != nullptr && known->updated_at && *known->updated_at > death.at;
  if (verdict == DeathVerdict::bury || (verdict == DeathVerdict::confirm && !lives_anew)) return;
  run_.late.push_back({event.object_id, "event", death.at, event.id});
}

void EventDeletions::apply_brake() {
  // Children of parents that had been found dead otherwise, or were never seen, die too.
  auto others = run_.to_upgrade;
  for (const auto& deletion : run_.to_entomb) others.push_back(deletion.death());
  std::vector<std::string_view> ids;
  for (const auto* deaths : {&run_.to_bury, &others}) {
    for (const auto& death : *deaths) ids.push_back(death.key);
  }
  EventGate gate(session_, *run_.table, brake_, ids);
  std::erase_if(run_.to_bury, [&](const db::Death& death) { return !gate.may_pass(death, true); });
  run_.parents = run_.to_bury;
  for (const auto& death : others) {
    if (gate.is_held(death)) continue;
    if (!gate.has_children(death)) {
      run_.others.push_back(death);
    } else if (gate.may_pass(death, false)) {
      run_.parents.push_back(death);
      run_.others.push_back(death);
    }
  }
  counts_.held += gate.save();
}

void EventDeletions::bury() {
  const auto& rows = session_.tables.rows(*run_.table);
  const long buried = rows.bury(session_.transaction, "id", run_.to_bury, DeletedBy::event, session_.feed);
  auto children = db::bury_children(session_.transaction, session_.tables, *run_.table, run_.parents, session_.feed);
  counts_.deleted += static_cast<std::uint64_t>(buried + children.buried);
  for (auto& [child, id] : children.to_confirm) {
    const auto& last = run_.parents.back();
    run_.doubts.push_back({std::string(child->name), std::move(id), last.event_id, to_string(last.at), {}});
  }
}

/// With its last content, if the event told it.
void EventDeletions::entomb() const {
  std::vector<db::RowWrite> whole;
  std::vector<db::Death> bare;
  for (const auto& deletion : run_.to_entomb) {
    if (deletion.event->rows.empty()) {
      bare.push_back(deletion.death());
      continue;
    }
    const auto& place = deletion.event->rows.front();
    const auto& event = *deletion.event;
    const Instant at = deletion.page->time_of(event);
    whole.push_back({&deletion.page->batches[place.batch], place.row, at, Tombstone{at, DeletedBy::event}, event.id});
  }
  const auto& rows = session_.tables.rows(*run_.table);
  rows.insert(session_.transaction, whole);
  rows.add_tombstones(session_.transaction, bare);
}

void EventDeletions::raise_doubts() const {
  session_.tables.doubts.raise(session_.transaction, run_.doubts);
  counts_.doubtful += run_.doubts.size();
}

}  // namespace mirror::sync
