#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "support/instant.hpp"

namespace mirror::db {

class Transaction;

/// Where an environment stands in `GET /events`. Instants are the API's.
struct TailRecord {
  std::string cursor;  ///< empty: read from `anchor` on
  std::optional<Instant> cursor_created_at;
  Instant anchor;                            ///< from here on events count
  std::optional<Instant> caught_up_through;  ///< time of the last poll that reached the end
  int recoveries = 0;                        ///< steps taken since the cursor was last accepted
  std::string problem;
  std::optional<double> seconds_since_poll;  ///< since that poll, by the database's clock
};

/// The table event_tails of one environment. Not thread-safe.
class TailStore {
 public:
  explicit TailStore(std::string environment) : environment_(std::move(environment)) {}

  [[nodiscard]] std::optional<TailRecord> read(Transaction& transaction) const;
  /// Fixes where the tail begins, if that is not known yet.
  void start(Transaction& transaction, Instant anchor) const;
  /// Moves the cursor; belongs into the transaction that applies the events up to it (rule R4).
  void advance(Transaction& transaction, std::string_view cursor, Instant created_at) const;
  /// `cursor_accepted`: the poll began behind the cursor, so it is sound. `is_whole`: it asked for all types of events
  /// that change rows; after note_gaps() no event is lost from `through` on.
  void note_caught_up(Transaction& transaction, Instant through, bool cursor_accepted, bool is_whole) const;
  /// A type of events that changes rows can't be followed: no snapshot is kept fresh by events, and history ends.
  void note_gaps(Transaction& transaction) const;
  /// Forgets the cursor: events are read from `anchor` on.
  void anchor(Transaction& transaction, Instant anchor, int recoveries) const;
  /// The same after events were lost: snapshots that began before `anchor` are not kept fresh by events any more.
  void begin_anew(Transaction& transaction, Instant anchor, int recoveries) const;
  /// Empty: none.
  void note_problem(Transaction& transaction, std::string_view problem) const;

 private:
  void end_history(Transaction& transaction) const;

  std::string environment_;
};

}  // namespace mirror::db
