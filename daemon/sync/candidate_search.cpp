#include "sync/candidate_search.hpp"

#include <algorithm>

#include "db/mirror_tables.hpp"
#include "db/transaction.hpp"
#include "model/streams.hpp"

namespace mirror::sync {

void CandidateSearch::add(const PageWrite& page) {
  pages_.push_back(&page);
  for (std::size_t i = 0; i < page.page.embedded.size(); ++i) embedded_.push_back({&page, i});
  add_stretch(page);
}

bool CandidateSearch::forget(const PageWrite& page, const std::string& segment) {
  const db::WalkPart part{page.part.scope, segment};
  const auto is_of_that_walk = [&](const PageWrite& earlier) {
    return earlier.snapshot == page.snapshot && earlier.part == part;
  };
  std::erase_if(stretches_, [&](const Stretch& stretch) { return is_of_that_walk(stretch.first()); });
  std::erase_if(embedded_, [&](const EmbeddedList& list) { return is_of_that_walk(*list.page); });
  const auto& walks = session_.tables.walks;
  return walks.drop_candidates_of(session_.transaction, page.snapshot->id, part) > 0;
}

void CandidateSearch::add_stretch(const PageWrite& page) {
  // Pages of walks side by side come mixed.
  const auto earlier = std::ranges::find_if(stretches_.rbegin(), stretches_.rend(), [&](const Stretch& stretch) {
    return stretch.first().snapshot == page.snapshot && stretch.first().part == page.part;
  });
  const bool both_in_order = earlier != stretches_.rend() && page.coverage.in_order && earlier->coverage.in_order;
  const bool goes_on = both_in_order && earlier->coverage.to && earlier->coverage.to == page.coverage.from;
  const bool goes_back = both_in_order && earlier->coverage.from && earlier->coverage.from == page.coverage.to;
  auto& stretch = goes_on || goes_back ? *earlier : stretches_.emplace_back(Stretch{{}, page.coverage});
  stretch.pages.push_back(&page);
  if (goes_on) stretch.coverage.to = page.coverage.to;
  if (goes_back) stretch.coverage.from = page.coverage.from;
}

/// Rows of the mirror that the lists should have shown, but did not. One query per stream: the lists of organizations
/// are many and short.
void CandidateSearch::find_missing_of_stretches() {
  std::map<const StreamSpec*, std::vector<const Stretch*>> by_stream;
  for (const auto& stretch : stretches_) {
    if (stretch.coverage.in_order) by_stream[stretch.first().snapshot->stream].push_back(&stretch);
  }
  for (const auto& [stream, stretches] : by_stream) {
    std::vector<db::CreationRange> ranges;
    for (const auto* stretch : stretches) {
      ranges.push_back({stretch->first().part.scope, stretch->coverage.from, stretch->coverage.to});
    }
    auto ids = session_.tables.rows(*stream->table)
                   .read_states_in(session_.transaction, ranges, stream->scope_column, states_of_(*stream->table));
    for (std::size_t i = 0; i < stretches.size(); ++i) find_missing(*stretches[i], std::move(ids[i]));
  }
}

void CandidateSearch::find_missing(const Stretch& stretch, std::vector<std::string> stored) {
  const PageWrite& first = stretch.first();
  const TableSpec& table = *first.snapshot->stream->table;
  std::erase_if(stored, [&](const std::string& id) { return !may_be_missing(*first.snapshot, table, id); });
  if (stored.empty()) return;
  std::unordered_set<std::string_view> listed(stretch.coverage.seen_before.begin(), stretch.coverage.seen_before.end());
  for (const auto* page : stretch.pages) {
    for (const auto& item : page->page.listed) listed.insert(item.id);
  }
  for (const auto& id : stored) {
    if (!listed.contains(id)) add_candidate(first, table, id);
  }
}

void CandidateSearch::find_missing(const EmbeddedList& list) {
  const auto& spec = list.page->snapshot->stream->embedded[list.index];
  const RowBatch& parents = list.page->page.rows;
  const RowBatch& members = list.page->page.embedded[list.index];
  std::unordered_set<std::string_view> listed;
  for (std::size_t row = 0; row < members.size(); ++row) listed.insert(members.id(row));
  // A member that could not be decoded was listed all the same; one without an id could be any.
  std::unordered_set<std::string_view> unclear_parents;
  for (const auto& poison : list.page->page.poison) {
    if (poison.table != spec.table) continue;
    if (poison.id.empty()) unclear_parents.insert(poison.parent_id);
    listed.insert(poison.id);
  }
  std::vector<std::string_view> parent_ids;
  for (std::size_t row = 0; row < parents.size(); ++row) {
    if (!unclear_parents.contains(parents.id(row))) parent_ids.push_back(parents.id(row));
  }
  auto& states = states_of_(*spec.table);
  const auto known =
      session_.tables.rows(*spec.table).read_states_of(session_.transaction, spec.parent_column, parent_ids, states);
  for (const auto& id : known) {
    const bool is_missing = !listed.contains(id) && may_be_missing(*list.page->snapshot, *spec.table, id);
    if (is_missing) add_candidate(*list.page, *spec.table, id);
  }
}

/// What was observed after the walk began is younger than its evidence: throughout a first load, that is everything.
bool CandidateSearch::may_be_missing(const SnapshotContext& snapshot, const TableSpec& table,
                                     const std::string& id) const {
  const auto& state = states_of_(table).at(id);
  return state.is_live() && state.observed_at <= snapshot.started_at;
}

void CandidateSearch::add_candidate(const PageWrite& page, const TableSpec& table, const std::string& id) {
  candidates_[page.snapshot.get()].push_back({std::string(table.name), id, page.part});
}

/// A candidate that the walk meets later is withdrawn, be it pages or minutes later.
bool CandidateSearch::write() {
  find_missing_of_stretches();
  for (const auto& list : embedded_) find_missing(list);
  bool wrote = false;
  for (const auto& snapshot : snapshots()) {
    auto& candidates = candidates_[snapshot];
    if (candidates.empty() && !snapshot->has_candidates) continue;
    const auto seen = seen_in(*snapshot);
    if (snapshot->has_candidates) {
      wrote =
          session_.tables.walks.withdraw(session_.transaction, snapshot->id, {seen.begin(), seen.end()}) > 0 || wrote;
    }
    std::erase_if(candidates, [&](const db::Candidate& candidate) { return seen.contains(candidate.id); });
    if (candidates.empty()) continue;
    session_.tables.walks.add_candidates(session_.transaction, snapshot->id, candidates);
    snapshot->has_candidates = true;
    wrote = true;
  }
  pages_.clear();
  stretches_.clear();
  embedded_.clear();
  candidates_.clear();
  return wrote;
}

std::set<SnapshotContext*> CandidateSearch::snapshots() const {
  std::set<SnapshotContext*> all;
  for (const auto* page : pages_) all.insert(page->snapshot.get());
  return all;
}

/// The ids that the pages of a snapshot show.
std::unordered_set<std::string_view> CandidateSearch::seen_in(const SnapshotContext& snapshot) const {
  std::unordered_set<std::string_view> ids;
  for (const auto* page : pages_) {
    if (page->snapshot.get() != &snapshot) continue;
    for (const auto& item : page->page.listed) ids.insert(item.id);
    for (const auto& embedded : page->page.embedded) {
      for (std::size_t row = 0; row < embedded.size(); ++row) ids.insert(embedded.id(row));
    }
  }
  return ids;
}

}  // namespace mirror::sync
