#include "sync/table_merge.hpp"

#include <unordered_set>

#include "api/partial_object.hpp"
#include "model/streams.hpp"
#include "sync/drift.hpp"
#include "sync/erased_content.hpp"

namespace mirror::sync {
namespace {

std::string_view via(Source source) {
  switch (source) {
    case Source::list:
      return "list";
    case Source::single:
      return "single";
    case Source::event:
      return "event";
    case Source::embedded:
      return "embedded";
  }
  return "list";
}

std::string_view operation(Verdict verdict) {
  if (verdict == Verdict::insert) return "insert";
  return verdict == Verdict::revive ? "revive" : "update";
}

void count_event(EventCounts& counts, Verdict verdict) {
  switch (verdict) {
    case Verdict::insert:
    case Verdict::update:
    case Verdict::revive:
      ++counts.written;
      break;
    case Verdict::unchanged:
      ++counts.unchanged;
      break;
    case Verdict::stale:
      ++counts.stale;
      break;
    case Verdict::confirm:
      ++counts.doubtful;
      break;
  }
}

bool is_write(Verdict verdict) {
  return verdict == Verdict::insert || verdict == Verdict::update || verdict == Verdict::revive;
}

}  // namespace

TableMerge::TableMerge(WriteSession& session, const TableSpec& table, Lookup lookup)
    : session_(session), rows_(session.tables.rows(table)), lookup_(lookup) {}

bool TableMerge::merge() {
  if (sightings_.empty()) return false;
  read_known();
  read_dead_parents();
  outcomes_.reserve(sightings_.size());
  outcome_of_.reserve(sightings_.size());
  for (const auto& sighting : sightings_) apply(sighting);
  return write();
}

/// An event lacks fields that the mirror may hold (rule R2): what events tell of is read with its content.
void TableMerge::read_known() {
  std::unordered_set<std::string_view> told;
  for (const auto& sighting : sightings_) {
    if (sighting.source == Source::event) told.insert(sighting.id());
  }
  contents_ = rows_.read_states_and_raws(session_.transaction, {told.begin(), told.end()}, states_);
  std::vector<std::string_view> missing;
  for (const auto& sighting : sightings_) {
    if (lookup_ == Lookup::by_range && sighting.is_in_range) continue;
    if (!states_.contains(sighting.id()) && !told.contains(sighting.id())) missing.push_back(sighting.id());
  }
  rows_.read_states(session_.transaction, missing, states_);
}

/// Only of parents that have dead ones at all, as a rule none in a first load, and only for rows that will probably be
/// written: an unchanged child needs no look at its parents.
void TableMerge::read_dead_parents() {
  const auto& parents = rows_.spec().parents;
  dead_parents_.resize(parents.size());
  for (std::size_t i = 0; i < parents.size(); ++i) {
    const auto& stored = session_.tables.rows(*find_table(parents[i].table));
    if (!stored.has_dead(session_.transaction)) continue;
    const auto column = static_cast<std::size_t>(column_index(rows_.spec(), parents[i].column));
    std::unordered_set<std::string_view> ids;
    for (const auto& sighting : sightings_) {
      const auto* before = known(sighting.id());
      if (!is_write(judge(before, sighting.observation(before)))) continue;
      if (const auto parent = sighting.batch->value(sighting.row, column)) ids.insert(*parent);
    }
    dead_parents_[i] = stored.read_dead(session_.transaction, {ids.begin(), ids.end()});
  }
}

const TableMerge::Outcome* TableMerge::outcome(std::string_view id) const {
  const auto found = outcome_of_.find(id);
  return found == outcome_of_.end() ? nullptr : &outcomes_[found->second];
}

const RowState* TableMerge::known(std::string_view id) const {
  if (const auto* earlier = outcome(id)) return &earlier->state;
  const auto found = states_.find(id);
  return found == states_.end() ? nullptr : &found->second;
}

const Tombstone* TableMerge::dead_parent(const Sighting& sighting) const {
  const auto& parents = rows_.spec().parents;
  for (std::size_t i = 0; i < parents.size(); ++i) {
    if (dead_parents_[i].empty()) continue;
    const auto column = static_cast<std::size_t>(column_index(rows_.spec(), parents[i].column));
    const auto parent = sighting.batch->value(sighting.row, column);
    if (!parent) continue;
    const auto found = dead_parents_[i].find(*parent);
    if (found != dead_parents_[i].end()) return &found->second;
  }
  return nullptr;
}

void TableMerge::apply(const Sighting& seen) {
  const Sighting sighting = completed(seen);
  const RowState* before = known(sighting.id());
  Verdict verdict = judge(before, sighting.observation(before));
  // What the mirror holds is of nobody erased: only what would be written has to be looked at.
  if (is_write(verdict) && is_erased(session_.erased, *sighting.batch, sighting.row)) {
    session_.erased.note_left_out(1);
    return;
  }
  std::optional<Tombstone> arrives_dead;
  if (is_write(verdict)) {
    if (const auto* parent = dead_parent(sighting)) {
      const auto child = judge_child(*parent, sighting.observation(nullptr));
      if (child == ChildVerdict::confirm) verdict = Verdict::confirm;
      if (child == ChildVerdict::bury && verdict == Verdict::revive) verdict = Verdict::stale;
      if (child == ChildVerdict::bury && is_write(verdict)) arrives_dead = Tombstone{parent->at, DeletedBy::cascade};
    }
  }
  if (is_write(verdict)) {
    keep(sighting, before, verdict, arrives_dead);
  } else {
    note_late(sighting, before);
  }
  if (verdict == Verdict::confirm) doubt(sighting);
  count(sighting, arrives_dead ? Verdict::stale : verdict);
}

/// With what the mirror holds besides, if an event tells of the object.
Sighting TableMerge::completed(const Sighting& sighting) {
  if (sighting.source != Source::event) return sighting;
  std::string_view content;
  if (const auto* earlier = outcome(sighting.id())) {
    content = earlier->write.batch->raw(earlier->write.row);
  } else if (const auto stored = contents_.find(sighting.id()); stored != contents_.end()) {
    content = stored->second;
  }
  if (content.empty()) return sighting;
  auto whole = api::completed(rows_.spec(), sighting.batch->raw(sighting.row), content);
  if (!whole) return sighting;
  Sighting result = sighting;
  result.batch = &completed_.emplace_back(std::move(*whole));
  result.row = 0;
  return result;
}

/// A sweep settles its doubts at its end, and the next one would find them again. Those of events are kept.
void TableMerge::doubt(const Sighting& sighting) {
  if (sighting.snapshot != nullptr) {
    sighting.snapshot->add_suspect({&rows_.spec(), std::string(sighting.id())});
  } else {
    doubts_.push_back({std::string(rows_.spec().name), std::string(sighting.id()), {}, {}, {}});
  }
}

/// What a sweep changes although events were followed.
void TableMerge::note_drift(const Sighting& sighting, Verdict verdict) {
  SnapshotContext* snapshot = sighting.snapshot;
  if (snapshot == nullptr || !snapshot->tail_began_at || snapshot->first_load) return;
  const auto cause = drift_cause(known(sighting.id()), sighting.observation(nullptr), verdict, snapshot->tail());
  auto& count = drift_[{snapshot, cause}];
  count = {std::string(rows_.spec().name), std::string(cause), count.rows + 1, std::string(sighting.id())};
}

void TableMerge::count(const Sighting& sighting, Verdict verdict) const {
  if (sighting.event_counts != nullptr) count_event(*sighting.event_counts, verdict);
  if (sighting.counts == nullptr) return;
  auto& counts = *sighting.counts;
  if (sighting.is_counted_elsewhere) {
    // Elsewhere it is or was counted as unchanged, if it is written here.
    if (!is_write(verdict)) return;
    --counts.unchanged;
  }
  switch (verdict) {
    case Verdict::insert:
    case Verdict::revive:
      ++counts.inserted;
      break;
    case Verdict::update:
      ++counts.changed;
      break;
    case Verdict::unchanged:
      ++counts.unchanged;
      break;
    case Verdict::stale:
      ++counts.stale;
      break;
    case Verdict::confirm:
      break;  // counted with the answer of the read by id
  }
}

/// Without the ids of erased persons that it names. Its hash stays that of what the API shows.
Sighting TableMerge::without_mentions(const Sighting& seen) {
  auto rest = without_erased_mentions(session_.erased, *seen.batch, seen.row);
  if (!rest) return seen;
  Sighting sighting = seen;
  sighting.batch = &completed_.emplace_back(std::move(*rest));
  sighting.row = 0;
  return sighting;
}

/// `before` is what was known until now.
void TableMerge::keep(const Sighting& seen, const RowState* before, Verdict verdict,
                      std::optional<Tombstone> tombstone) {
  const Sighting sighting = without_mentions(seen);
  if (!tombstone) note_drift(sighting, verdict);
  feed(sighting, verdict, tombstone);
  Outcome written;
  written.state = state_after(before, sighting.observation(before), sighting.batch->created_at(sighting.row));
  written.state.tombstone = tombstone;
  written.write = {sighting.batch, sighting.row, written.state.observed_at, tombstone, sighting.event_id};
  const auto [place, is_first] = outcome_of_.try_emplace(sighting.id(), outcomes_.size());
  if (is_first) {
    written.way = begin_to_write(written.write, verdict);
    outcomes_.push_back(std::move(written));
  } else {
    auto& earlier = outcomes_[place->second];
    written.way = earlier.way == Way::nothing ? Way::update : earlier.way;
    earlier = std::move(written);
  }
}

/// A new row goes on its way to PostgreSQL at once, which stores it while the next ones are judged. One that arrives
/// dead waits until the feed has seen that nothing was there before.
TableMerge::Way TableMerge::begin_to_write(const db::RowWrite& write, Verdict verdict) {
  if (verdict != Verdict::insert) return Way::update;
  if (write.tombstone) return Way::insert;
  if (!insertion_) insertion_ = rows_.begin_insertion(session_.transaction);
  insertion_->add(write);
  return Way::nothing;
}

void TableMerge::feed(const Sighting& sighting, Verdict verdict, const std::optional<Tombstone>& tombstone) {
  // A first load leaves one row in the feed, not one per object.
  const bool first_load = sighting.snapshot != nullptr && sighting.snapshot->first_load;
  if (first_load && verdict == Verdict::insert) return;
  std::optional<std::string_view> before;
  if (const auto* earlier = outcome(sighting.id())) before = earlier->write.batch->raw(earlier->write.row);
  feed_.push_back(
      {sighting.id(), operation(verdict), via(sighting.source), sighting.observed_at, before, sighting.event_id});
  if (!tombstone) return;
  // What shows how it lived does not tell when its parent died, which may be known in whole seconds only.
  feed_.push_back({sighting.id(), "delete", "cascade", tombstone->at, sighting.batch->raw(sighting.row)});
}

/// What it holds was true once, though something newer is known, or a read by id has yet to tell what is true now. An
/// event that tells what the mirror knows only otherwise is kept too: of two versions of one tick it gives the order.
void TableMerge::note_late(const Sighting& sighting, const RowState* known) {
  const bool gives_order = sighting.is_told() && (known == nullptr || sighting.event_id != known->event_id);
  if (!gives_order && known != nullptr && is_version(*known, sighting.observation(nullptr))) return;
  const Sighting kept = without_mentions(sighting);
  late_.push_back({kept.id(), via(kept.source), kept.observed_at, kept.event_id, kept.batch->raw(kept.row)});
}

bool TableMerge::write() {
  if (insertion_) insertion_->finish();
  session_.tables.doubts.raise(session_.transaction, doubts_);
  for (const auto& [key, count] : drift_) session_.tables.drift.add(session_.transaction, key.first->id, count);
  session_.feed.record(session_.transaction, rows_.spec().name, feed_);
  // Behind the changes: what one of them tells is not late.
  const auto late = session_.feed.record_late(session_.transaction, rows_.spec().name, late_);
  if (outcomes_.empty()) return !doubts_.empty() || late > 0;
  std::vector<db::RowWrite> inserts;
  std::vector<db::RowWrite> updates;
  for (const auto& [write, state, way] : outcomes_) {
    if (way == Way::insert) inserts.push_back(write);
    if (way == Way::update) updates.push_back(write);
  }
  rows_.insert(session_.transaction, inserts);
  rows_.update(session_.transaction, updates);
  return true;
}

}  // namespace mirror::sync
