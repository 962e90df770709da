#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "sync/write_job.hpp"

namespace mirror::sync {

/// Finds what the mirror holds and the pages of a batch should have listed, but did not: candidates for deletion
/// (rule R7). Lives within one write transaction; the pages must outlive it. Not thread-safe.
class CandidateSearch {
 public:
  /// `states_of` gives the place for what is read of a table on the way.
  using StatesOf = std::function<RowStates&(const TableSpec&)>;
  CandidateSearch(WriteSession& session, StatesOf states_of) : session_(session), states_of_(std::move(states_of)) {}

  void add(const PageWrite& page);
  /// What the walk of a segment of the page's list found proves nothing any more, be it stored or in this batch.
  /// Returns whether something stored was dropped.
  bool forget(const PageWrite& page, const std::string& segment);
  /// Stores the candidates, withdraws those that the pages list after all, and begins anew. Returns whether anything
  /// was written.
  bool write();

 private:
  /// Adjoining pages of one walk: one range serves them all.
  struct Stretch {
    std::vector<const PageWrite*> pages;
    Coverage coverage;

    [[nodiscard]] const PageWrite& first() const { return *pages.front(); }
  };
  /// The embedded lists of a page, each complete for its parent.
  struct EmbeddedList {
    const PageWrite* page = nullptr;
    std::size_t index = 0;
  };

  void add_stretch(const PageWrite& page);
  void find_missing_of_stretches();
  void find_missing(const Stretch& stretch, std::vector<std::string> stored);
  void find_missing(const EmbeddedList& list);
  [[nodiscard]] std::set<SnapshotContext*> snapshots() const;
  [[nodiscard]] std::unordered_set<std::string_view> seen_in(const SnapshotContext& snapshot) const;
  [[nodiscard]] bool may_be_missing(const SnapshotContext& snapshot, const TableSpec& table,
                                    const std::string& id) const;
  void add_candidate(const PageWrite& page, const TableSpec& table, const std::string& id);

  WriteSession& session_;
  StatesOf states_of_;
  std::vector<const PageWrite*> pages_;
  std::vector<Stretch> stretches_;
  std::vector<EmbeddedList> embedded_;
  std::map<SnapshotContext*, std::vector<db::Candidate>> candidates_;
};

}  // namespace mirror::sync
