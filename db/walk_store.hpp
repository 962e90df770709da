#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/instant.hpp"

namespace mirror::db {

class Transaction;

/// A part of a list that is walked by itself.
struct WalkPart {
  std::string scope;    ///< id for the stream's scope column; empty for an environment-wide list
  std::string segment;  ///< see sync::ListSegments; empty: from the beginning

  // clang-tidy 14 takes the comparison of its result with 0 for one of pointers.
  friend auto operator<=>(const WalkPart&, const WalkPart&) = default;  // NOLINT(modernize-use-nullptr)
};

/// Progress of the walk of one part as stored.
struct WalkRecord {
  std::string segment;
  std::int64_t snapshot_id = 0;
  std::string state;     ///< running, finished (read to its end) or proven (with the closing proof too)
  std::string progress;  ///< JSON of sync::WalkTracker; empty once finished
};

/// A walk that goes on, and how far it is.
struct RunningWalk {
  std::string_view stream;
  WalkPart part;
  std::int64_t snapshot_id = 0;
  std::string progress;  ///< JSON of sync::WalkTracker
};

/// A list that is still to be read in a snapshot.
struct ScopeToWalk {
  std::string id;
  bool walked_before = false;  ///< some snapshot has read it completely
  std::string progress;        ///< of this snapshot's interrupted walk; empty: from the beginning
};

/// A row that the walk of a part did not meet.
struct Candidate {
  std::string table;
  std::string id;
  WalkPart part;
};

/// The tables walks and candidates of one environment. Not thread-safe.
class WalkStore {
 public:
  explicit WalkStore(std::string environment) : environment_(std::move(environment)) {}

  /// All parts of the list of `scope` that `snapshot_id` has begun.
  [[nodiscard]] std::vector<WalkRecord> read(Transaction& transaction, std::string_view stream, std::string_view scope,
                                             std::int64_t snapshot_id) const;
  /// No walk may occur twice.
  void save(Transaction& transaction, const std::vector<RunningWalk>& walks) const;
  /// Forgets the parts of the list of `scope` except the one from the beginning, which stands for the list.
  void drop_segments(Transaction& transaction, std::string_view stream, std::string_view scope) const;
  /// Notes that the lists of `scopes` are completely read as of `at`, with the closing proof or without.
  void finish(Transaction& transaction, std::string_view stream, const std::vector<std::string>& scopes,
              std::int64_t snapshot_id, Instant at, bool is_proven) const;
  /// Live rows of `scope_table` whose list `snapshot_id` has not finished: those about which events told something
  /// since their list was read first, then those whose list was never read or the longest time ago.
  [[nodiscard]] std::vector<ScopeToWalk> scopes_to_walk(Transaction& transaction, std::string_view scope_table,
                                                        std::string_view stream, std::int64_t snapshot_id) const;
  /// Notes that an event created at `at` told something about the lists of `scopes`.
  void touch(Transaction& transaction, std::string_view stream, const std::vector<std::string>& scopes,
             Instant at) const;

  void add_candidates(Transaction& transaction, std::int64_t snapshot_id,
                      const std::vector<Candidate>& candidates) const;
  /// Live rows of `table`, observed before `before`, whose `parent_column` names no live row of `parent_table`: nobody
  /// lists them, so that each becomes a candidate. Returns how many there are.
  long add_orphans(Transaction& transaction, std::int64_t snapshot_id, std::string_view table,
                   std::string_view parent_column, std::string_view parent_table, Instant before) const;
  /// Withdraws candidates that the walk met after all; returns how many there were.
  long withdraw(Transaction& transaction, std::int64_t snapshot_id, const std::vector<std::string>& ids) const;
  /// Drops what the walk of `part` found, because that walk proves nothing; returns how many there were.
  long drop_candidates_of(Transaction& transaction, std::int64_t snapshot_id, const WalkPart& part) const;
  void drop_candidates(Transaction& transaction, std::int64_t snapshot_id) const;
  /// Scopes with candidates whose walk has no closing proof.
  [[nodiscard]] std::vector<std::string> unproven_scopes(Transaction& transaction, std::string_view stream,
                                                         std::int64_t snapshot_id) const;
  /// Each row once, whoever missed it.
  [[nodiscard]] std::vector<Candidate> read_candidates(Transaction& transaction, std::int64_t snapshot_id) const;
  [[nodiscard]] bool has_candidates(Transaction& transaction, std::int64_t snapshot_id) const;

 private:
  std::string environment_;
};

}  // namespace mirror::db
