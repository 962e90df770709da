#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/monthly_partitions.hpp"
#include "support/instant.hpp"

namespace mirror::db {

class Transaction;

/// One event on its way into the archive. Views what it was made from.
struct EventRecord {
  std::string_view id;  ///< empty if it has none that can be read: a hash of `raw` stands for it
  std::string_view type;
  Instant created_at;
  std::string_view table;  ///< empty: it is about no mirrored object
  std::string_view object_id;
  std::string_view raw;    ///< empty: can't be kept
  std::string_view error;  ///< why it is parked; empty: it was applied
  bool by_tail = false;
  bool by_webhook = false;
};

/// An event of the archive.
struct ArchivedEvent {
  std::string id;
  std::string created_at;
  std::string type;
  std::string object_id;
  std::string raw;
  std::string error;
  long attempts = 0;
};

/// The table events of one environment. Not thread-safe.
class EventStore {
 public:
  explicit EventStore(std::string environment) : environment_(std::move(environment)) {}

  /// Keeps every event once; one that is known only notes the way by which it came again. No id may occur twice.
  void keep(Transaction& transaction, const std::vector<EventRecord>& events) const;
  /// Asks PostgreSQL whether it can hold the event; returns its complaint if not. In a savepoint: harms nothing.
  [[nodiscard]] std::optional<std::string> storage_error(Transaction& transaction, std::string_view raw) const;

  /// Those in quarantine, oldest first, behind the event `after_id`; with `untried_only` those that this version has
  /// not tried.
  [[nodiscard]] std::vector<ArchivedEvent> read_quarantined(Transaction& transaction, std::string_view after_id,
                                                            bool untried_only, int most) const;
  /// Events created at or after `since`, in order of id, behind the event `after_id`.
  [[nodiscard]] std::vector<ArchivedEvent> read_since(Transaction& transaction, Instant since,
                                                      std::string_view after_id, int most) const;
  [[nodiscard]] long count_quarantined(Transaction& transaction) const;

  /// Creates the partitions of this month and the next, by the database's clock.
  void prepare_partitions(Transaction& transaction) const;
  /// One in quarantine was tried again, and can't even be read; its error stays that of the first attempt.
  void note_attempt(Transaction& transaction, const ArchivedEvent& event) const;

  /// The months all of whose events are older than `age_seconds`, by the database's clock, oldest first.
  [[nodiscard]] std::vector<OldMonth> months_older_than(Transaction& transaction, std::int64_t age_seconds) const;
  /// Drops one of them. What is in quarantine stays, and what another environment may keep for longer: then up to
  /// `most` events of this one go.
  Forgetting forget(Transaction& transaction, OldMonth& month, int most) const;

 private:
  std::vector<EventRecord> copy_news(Transaction& transaction, const std::vector<EventRecord>& events) const;
  void merge(Transaction& transaction, const std::vector<EventRecord>& events) const;
  void forget_unreadable_times(Transaction& transaction, const std::string& ids, const std::string& instants) const;

  std::string environment_;
};

}  // namespace mirror::db
