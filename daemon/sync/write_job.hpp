#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "api/directory_api.hpp"
#include "api/event_page.hpp"
#include "db/walk_store.hpp"
#include "model/row_state.hpp"
#include "sync/drift.hpp"
#include "sync/page_budget.hpp"
#include "sync/walk_tracker.hpp"

namespace mirror::db {
class ChangeFeed;
class ErasedIds;
class MirrorTables;
class Transaction;
}  // namespace mirror::db

namespace mirror::sync {

/// An object about which only a read by its id can decide.
struct Suspect {
  const TableSpec* table = nullptr;
  std::string id;
};

/// What the pages of one snapshot share. Written by the writer, read by the snapshot's own thread.
struct SnapshotContext {
  const StreamSpec* stream = nullptr;
  std::int64_t id = 0;
  Instant started_at;  ///< by the API's time; rows observed later are never candidates
  bool first_load = false;
  /// From when on events were followed, if they were before the snapshot began: then what it corrects is drift.
  std::optional<Instant> tail_began_at;
  std::atomic<Instant> tail_caught_up_through;  ///< when the snapshot last looked; a sweep may last for hours
  std::atomic<bool> has_candidates{false};
  std::atomic<bool> has_quarantined{false};  ///< objects of this environment wait in quarantine

  [[nodiscard]] TailReach tail() const { return {*tail_began_at, tail_caught_up_through.load()}; }

  /// Thread-safe; keeps at most `most_suspects`, the next sweep finds the others again.
  void add_suspect(Suspect suspect);
  std::vector<Suspect> take_suspects();

  static constexpr std::size_t most_suspects = 10'000;

 private:
  std::mutex mutex_;
  std::set<std::pair<const TableSpec*, std::string>> suspects_;
};

/// A page of a list on its way to the database, with the progress that is committed together with its rows.
struct PageWrite {
  std::shared_ptr<SnapshotContext> snapshot;
  db::WalkPart part;
  api::ListPage page;
  Coverage coverage;
  std::string progress;         ///< of the walk, as JSON
  bool finishes_scope = false;  ///< the list of this scope is completely read; `progress` is not needed any more
  bool is_proven = false;       ///< and the closing proof was given
  std::vector<std::string> voided =
      {};  ///< segments of the list, perhaps this one: what they found before proves nothing
  std::set<std::string, std::less<>> shared = {};  ///< objects that the page of another walk counts
  /// Rows that PostgreSQL refuses, by batch (0: the page's rows, then the embedded) and row, with its complaint.
  std::map<std::pair<std::size_t, std::size_t>, std::string> unstorable = {};
  PageBudget::Place place = {};  ///< taken before the page was asked for
};

/// An object that was read by its id.
struct SingleWrite {
  std::shared_ptr<SnapshotContext> snapshot;  ///< counts go there; may be null
  api::SingleObject object;
  std::optional<RowState> asked_about;  ///< what the mirror held when the read began; empty: nothing
  std::string unstorable = {};          ///< PostgreSQL's complaint about it; then it is parked instead of written
};

/// How an event came.
enum class EventVia { tail, webhook, archive };

/// Events on their way to the database. Their effects, the archive and, for the tail, the cursor are one transaction
/// (rule R4).
struct EventWrite {
  struct Cursor {
    std::string event_id;
    Instant created_at;
  };

  api::EventPage page;
  EventVia via = EventVia::tail;
  std::optional<Cursor> cursor;  ///< only the tail moves it, to an event that `GET /events` returned
};

/// What a task may use within the writer's transaction.
struct WriteSession {
  db::Transaction& transaction;
  const db::MirrorTables& tables;
  db::ChangeFeed& feed;
  db::ErasedIds& erased;  ///< what must not be stored; an erasure adds to it
};

/// A change of state that belongs into the writer's order: opening a snapshot, burying rows, a certificate. It may run
/// twice, when something else in its batch makes the first transaction fail, so it begins what it fills anew.
using WriteTask = std::function<void(WriteSession&)>;

/// One entry of the writer's queue; `done` is fulfilled after the commit, or fails with the Error.
struct WriteJob {
  std::variant<PageWrite, SingleWrite, EventWrite, WriteTask> work;
  std::shared_ptr<std::promise<void>> done;  ///< null if nobody waits
};

}  // namespace mirror::sync
