#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <vector>

#include "sync/candidate_search.hpp"
#include "sync/event_archive.hpp"
#include "sync/event_deletions.hpp"
#include "sync/table_merge.hpp"
#include "sync/write_job.hpp"

namespace mirror::sync {

/// Progress that a batch made besides rows. Sums up over batches that had nothing else to write.
struct BatchProgress {
  std::map<std::shared_ptr<SnapshotContext>, db::SnapshotCounts> counts;
  /// By stream and part: the walk's progress as JSON.
  std::map<std::pair<const StreamSpec*, db::WalkPart>, std::pair<std::int64_t, std::string>> walks;
  /// By stream, snapshot and whether they are proven: scopes that are done, with the API's time of their last page.
  std::map<std::tuple<const StreamSpec*, std::int64_t, bool>, std::pair<std::vector<std::string>, Instant>>
      finished_scopes;

  EventCounts events;

  [[nodiscard]] bool empty() const { return counts.empty() && walks.empty() && finished_scopes.empty(); }
  /// Takes over what came later.
  void add(BatchProgress&& later);
  void save(WriteSession& session) const;
};

/// Merges the pages, single objects and events of a batch into the mirror, in order: rows, candidates for deletion
/// (rule R7), quarantine, archive, progress. Lives within one write transaction; the jobs must outlive it. Not
/// thread-safe.
class BatchMerge {
 public:
  BatchMerge(WriteSession& session, const BrakeOptions& brake, BatchProgress& progress, Lookup lookup)
      : session_(session),
        brake_(brake),
        progress_(progress),
        lookup_(lookup),
        candidates_(session, [this](const TableSpec& table) -> RowStates& { return merge_of(table).states(); }),
        archive_(session) {}
  BatchMerge(const BatchMerge&) = delete;
  BatchMerge& operator=(const BatchMerge&) = delete;

  void add(const PageWrite& page);
  void add(const SingleWrite& single);
  void add(const EventWrite& write);
  /// Judges and writes all that was added, and begins anew. Returns whether anything but progress was written since
  /// the object was made.
  bool flush();

 private:
  void add_event(const EventWrite& write, const api::Event& event);
  [[nodiscard]] bool concerns_the_dying(const EventWrite& write, const api::Event& event) const;
  void flush_rows();
  TableMerge& merge_of(const TableSpec& table);
  void add_rows(const RowBatch& batch, std::size_t batch_number, const PageWrite& page, db::SnapshotCounts* counts);
  void note_progress(const PageWrite& page);
  bool write_quarantine();
  bool release(const RowBatch& batch);
  void park(const TableSpec& table, const db::QuarantinedObject& whole);

  WriteSession& session_;
  const BrakeOptions brake_;
  BatchProgress& progress_;
  const Lookup lookup_;
  std::map<const TableSpec*, TableMerge> merges_;
  std::vector<const PageWrite*> pages_;
  CandidateSearch candidates_;
  std::map<const TableSpec*, EventDeletions> deletions_;  ///< by event, behind the rows of merges_
  std::unordered_set<std::string_view> dying_;            ///< the objects of deletions_
  EventArchive archive_;
  bool wrote_ = false;
};

}  // namespace mirror::sync
