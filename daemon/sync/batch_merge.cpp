#include "sync/batch_merge.hpp"

#include <algorithm>

#include "db/transaction.hpp"
#include "model/streams.hpp"
#include "sync/erased_content.hpp"

namespace mirror::sync {

void BatchProgress::add(BatchProgress&& later) {
  events += later.events;
  for (auto& [snapshot, sum] : later.counts) counts[snapshot] += sum;
  for (auto& [walk, progress] : later.walks) walks[walk] = std::move(progress);
  for (auto& [key, done] : later.finished_scopes) {
    auto& [scopes, at] = finished_scopes[key];
    scopes.insert(scopes.end(), done.first.begin(), done.first.end());
    at = std::max(at, done.second);
    for (const auto& scope : done.first) walks.erase({std::get<0>(key), {scope, {}}});
  }
}

void BatchProgress::save(WriteSession& session) const {
  for (const auto& [snapshot, sum] : counts) {
    session.tables.snapshots.add_counts(session.transaction, snapshot->id, sum);
  }
  std::vector<db::RunningWalk> running;
  for (const auto& [walk, progress] : walks) {
    running.push_back({walk.first->name, walk.second, progress.first, progress.second});
  }
  session.tables.walks.save(session.transaction, running);
  for (const auto& [key, done] : finished_scopes) {
    const auto& [stream, snapshot_id, is_proven] = key;
    session.tables.walks.finish(session.transaction, stream->name, done.first, snapshot_id, done.second, is_proven);
  }
}

void BatchMerge::add(const PageWrite& page) {
  if (!deletions_.empty()) flush_rows();
  for (const auto& segment : page.voided) wrote_ = candidates_.forget(page, segment) || wrote_;
  auto& counts = progress_.counts[page.snapshot];
  ++counts.pages;
  counts.rows += static_cast<std::int64_t>(page.page.listed.size() - page.shared.size());
  counts.poisoned += static_cast<std::int64_t>(page.page.poison.size() + page.unstorable.size());
  add_rows(page.page.rows, 0, page, &counts);
  for (std::size_t i = 0; i < page.page.embedded.size(); ++i) add_rows(page.page.embedded[i], i + 1, page, nullptr);
  candidates_.add(page);
  note_progress(page);
  pages_.push_back(&page);
}

void BatchMerge::add(const SingleWrite& single) {
  if (!deletions_.empty()) flush_rows();
  auto* counts = single.snapshot ? &progress_.counts[single.snapshot] : nullptr;
  const auto& object = single.object;
  if (!single.unstorable.empty()) {
    park(object.row.table(), {std::string(object.row.id(0)), single.unstorable, std::string(object.row.raw(0))});
    if (single.snapshot) single.snapshot->has_quarantined = true;
    wrote_ = true;
    return;
  }
  merge_of(object.row.table())
      .see({&object.row,
            0,
            Source::single,
            object.answered_at,
            single.snapshot.get(),
            counts,
            {},
            nullptr,
            &single.asked_about});
  for (const auto& embedded : object.embedded) {
    for (std::size_t row = 0; row < embedded.size(); ++row) {
      merge_of(embedded.table())
          .see({&embedded, row, Source::single, object.answered_at, single.snapshot.get(), nullptr});
    }
  }
}

void BatchMerge::add(const EventWrite& write) {
  archive_.add(write);
  for (const auto& event : write.page.events) {
    ++progress_.events.received;
    if (!event.problem.empty()) {
      ++progress_.events.parked;
    } else if (event.mirrored == nullptr) {
      ++progress_.events.archived;
    } else {
      add_event(write, event);
    }
  }
}

/// Rows before a deletion are written before it, those behind it after it (rule R16). What is told of other objects in
/// between does not depend on it, and may be written with the rows before it: else every deletion would cost a round of
/// queries of its own.
void BatchMerge::add_event(const EventWrite& write, const api::Event& event) {
  if (concerns_the_dying(write, event)) flush_rows();
  if (event.deletes()) {
    auto& deletions = deletions_.try_emplace(event.mirrored->table, session_, brake_, progress_.events).first->second;
    deletions.add(write.page, event);
    dying_.insert(event.object_id);
    return;
  }
  for (const auto& place : event.rows) {
    const auto& batch = write.page.batches[place.batch];
    const bool is_object = &place == &event.rows.front();
    merge_of(batch.table())
        .see({&batch, place.row, Source::event, write.page.time_of(event), nullptr, nullptr, event.id,
              is_object ? &progress_.events : nullptr});
  }
}

/// Whether a row of the event, or a parent of one, is about to be deleted. A bare deletion does not name its parents.
bool BatchMerge::concerns_the_dying(const EventWrite& write, const api::Event& event) const {
  if (dying_.empty()) return false;
  if (event.rows.empty()) return !event.mirrored->table->parents.empty();
  return std::ranges::any_of(event.rows, [&](const auto& place) {
    const auto& batch = write.page.batches[place.batch];
    if (dying_.contains(batch.id(place.row))) return true;
    return std::ranges::any_of(batch.table().parents, [&](const auto& parent) {
      const auto column = static_cast<std::size_t>(column_index(batch.table(), parent.column));
      const auto id = batch.value(place.row, column);
      return id && dying_.contains(*id);
    });
  });
}

bool BatchMerge::flush() {
  flush_rows();
  wrote_ = archive_.save() || wrote_;
  return wrote_;
}

void BatchMerge::flush_rows() {
  wrote_ = candidates_.write() || wrote_;
  // Parents before children, so that a child meets its parent's new state.
  for (const auto* table : all_tables()) {
    const auto merge = merges_.find(table);
    if (merge != merges_.end()) wrote_ = merge->second.merge() || wrote_;
  }
  wrote_ = write_quarantine() || wrote_;
  merges_.clear();
  pages_.clear();
  // Children before parents, as WorkOS tells it: a child dies by its own event rather than with its parent.
  const auto tables = all_tables();
  const std::vector<const TableSpec*> children_first(tables.rbegin(), tables.rend());
  for (const auto* table : children_first) {
    const auto deletions = deletions_.find(table);
    if (deletions != deletions_.end()) deletions->second.settle();
  }
  deletions_.clear();
  dying_.clear();
}

TableMerge& BatchMerge::merge_of(const TableSpec& table) {
  return merges_.try_emplace(&table, session_, table, lookup_).first->second;
}

void BatchMerge::add_rows(const RowBatch& batch, std::size_t batch_number, const PageWrite& page,
                          db::SnapshotCounts* counts) {
  auto& merge = merge_of(batch.table());
  for (std::size_t row = 0; row < batch.size(); ++row) {
    if (page.unstorable.contains({batch_number, row})) continue;
    Sighting sighting{&batch, row, Source::list, page.page.answered_at, page.snapshot.get(), counts};
    // Embedded objects have times of creation of their own.
    sighting.is_in_range = batch_number == 0 && page.coverage.holds(batch.created_at(row));
    sighting.is_counted_elsewhere = page.shared.contains(batch.id(row));
    merge.see(sighting);
  }
}

void BatchMerge::note_progress(const PageWrite& page) {
  const auto* stream = page.snapshot->stream;
  if (!page.finishes_scope) {
    progress_.walks[{stream, page.part}] = {page.snapshot->id, page.progress};
    return;
  }
  auto& [scopes, at] = progress_.finished_scopes[{stream, page.snapshot->id, page.is_proven}];
  scopes.push_back(page.part.scope);
  at = std::max(at, page.page.answered_at);
  progress_.walks.erase({stream, page.part});
  ++progress_.counts[page.snapshot].scopes;
}

/// Parks what could not be decoded or stored, and lets go what now could.
bool BatchMerge::write_quarantine() {
  bool wrote = false;
  for (const auto* page : pages_) {
    std::vector<const RowBatch*> batches{&page->page.rows};
    for (const auto& embedded : page->page.embedded) batches.push_back(&embedded);
    if (page->snapshot->has_quarantined) {
      for (const auto* batch : batches) wrote = release(*batch) || wrote;
    }
    for (const auto& poison : page->page.poison) park(*poison.table, {poison.id, poison.error, poison.raw});
    for (const auto& [place, complaint] : page->unstorable) {
      const auto& batch = *batches[place.first];
      park(batch.table(), {std::string(batch.id(place.second)), complaint, std::string(batch.raw(place.second))});
    }
    const bool parked = !page->page.poison.empty() || !page->unstorable.empty();
    if (parked) page->snapshot->has_quarantined = true;
    wrote = wrote || parked;
  }
  return wrote;
}

bool BatchMerge::release(const RowBatch& batch) {
  std::vector<std::string> decoded;
  for (std::size_t row = 0; row < batch.size(); ++row) decoded.emplace_back(batch.id(row));
  return session_.tables.quarantine.release(session_.transaction, batch.table().name, decoded) > 0;
}

void BatchMerge::park(const TableSpec& table, const db::QuarantinedObject& whole) {
  auto object = whole;
  if (!leave_out_erased(session_.erased, table, object)) return;
  session_.tables.quarantine.park(session_.transaction, table.name, object);
}

}  // namespace mirror::sync
