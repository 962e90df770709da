#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/instant.hpp"

namespace mirror::db {

class Transaction;

/// What the pages of a snapshot did to the mirror. Sums add up over batches.
struct SnapshotCounts {
  std::int64_t scopes = 0;
  std::int64_t pages = 0;
  std::int64_t rows = 0;
  std::int64_t inserted = 0;
  std::int64_t changed = 0;
  std::int64_t unchanged = 0;
  std::int64_t stale = 0;
  std::int64_t poisoned = 0;
  std::int64_t candidates = 0;
  std::int64_t deleted = 0;
  std::int64_t held = 0;

  SnapshotCounts& operator+=(const SnapshotCounts& other);
};

/// A snapshot as stored: running, or the certificate of a finished one.
struct SnapshotRecord {
  std::int64_t id = 0;
  std::string state;   ///< running, certified, uncertified, failed
  std::string reason;  ///< why there is no certificate
  Instant started_at;  ///< by the API's time
  bool first_load = false;
  double age_seconds = 0;  ///< since it began, by the database's clock
  SnapshotCounts counts;
};

/// When a stream was last walked, and how that ended, by the database's clock.
struct StreamRecord {
  std::optional<double> seconds_since_start;  ///< of the last snapshot
  std::optional<double> seconds_since_certified;
  std::optional<Instant> certified_at;
  std::string error;
};

/// The tables snapshots and streams of one environment. Not thread-safe.
class SnapshotStore {
 public:
  explicit SnapshotStore(std::string environment) : environment_(std::move(environment)) {}

  /// The snapshot of `stream` that a killed or interrupted process left unfinished.
  [[nodiscard]] std::optional<SnapshotRecord> find_running(Transaction& transaction, std::string_view stream) const;
  /// Whether any snapshot of `stream` ever came to its end.
  [[nodiscard]] bool has_finished(Transaction& transaction, std::string_view stream) const;
  [[nodiscard]] SnapshotRecord read(Transaction& transaction, std::int64_t id) const;
  /// Opens one and returns its id.
  std::int64_t open(Transaction& transaction, std::string_view stream, Instant started_at, bool first_load) const;
  void add_counts(Transaction& transaction, std::int64_t id, const SnapshotCounts& counts) const;
  void set_bounds(Transaction& transaction, std::int64_t id, std::string_view first_id, std::string_view last_id) const;
  /// Ends it; `reason` and `next_step` are empty for a certified one.
  void finish(Transaction& transaction, std::int64_t id, std::string_view stream, std::string_view state,
              std::string_view reason, std::string_view next_step) const;
  /// From `since` on, by the API's time, every version of the stream's objects is known; the first call counts.
  void begin_history(Transaction& transaction, std::int64_t id, std::string_view stream, Instant since) const;
  /// Notes that a pass failed; the snapshot stays open to be resumed.
  void note_error(Transaction& transaction, std::string_view stream, std::string_view error,
                  std::string_view next_step) const;

  [[nodiscard]] StreamRecord read_stream(Transaction& transaction, std::string_view stream) const;

 private:
  std::string environment_;
};

}  // namespace mirror::db
