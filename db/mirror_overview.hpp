#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "db/drift_store.hpp"
#include "db/hold_store.hpp"
#include "db/lease.hpp"
#include "db/snapshot_store.hpp"
#include "db/tail_store.hpp"

namespace mirror::db {

/// A stream's state and its newest snapshot, as `status` shows them. Ages are by the database's clock.
struct StreamOverview {
  std::string stream;
  std::string state;
  std::string certified_at;  ///< UTC, ISO 8601; empty: never
  std::optional<double> seconds_since_certified;
  std::string error;  ///< of the last pass; empty: none
  std::string next_step;
  std::string snapshot_state;  ///< of the newest snapshot; empty: there is none
  std::string snapshot_reason;
  std::int64_t rows = 0;  ///< the newest snapshot's counts
  std::int64_t inserted = 0;
  std::int64_t changed = 0;
  std::int64_t unchanged = 0;
  std::int64_t poisoned = 0;
  std::int64_t deleted = 0;
  std::int64_t held = 0;
};

/// A snapshot, running or ended; in state "certified" it is a certificate.
struct SnapshotOverview {
  std::int64_t id = 0;
  std::string stream;
  std::string state;
  std::string reason;                  ///< why there is no certificate
  std::optional<Instant> begun_at;     ///< by the database's clock
  std::optional<Instant> finished_at;  ///< empty: it runs
  SnapshotCounts counts;
  std::string first_id;  ///< of the objects listed
  std::string last_id;
};

/// An object or event in quarantine.
struct ParkedOverview {
  std::string table;  ///< "events" for an event
  std::string id;
  std::string error;
  std::optional<Instant> since;
};

/// What the database says about one environment's mirror.
struct MirrorOverview {
  std::vector<StreamOverview> streams;
  std::vector<SnapshotOverview> snapshots;  ///< newest first: the last three of each stream and its last certificate
  std::vector<HoldRecord> holds;            ///< open ones
  std::map<int, std::vector<std::string>> held_ids;  ///< the first rows of each of them
  std::map<std::string, std::int64_t> quarantine;    ///< parked objects by table
  long quarantined_events = 0;
  std::vector<ParkedOverview> parked;  ///< the latest of both
  std::vector<DriftCount> drift;       ///< sums over all snapshots
  std::optional<TailRecord> tail;      ///< empty: events were never followed
  std::optional<LeaseState> lease;
};

/// Reads it without touching the mirrored tables, so that it costs the same for any directory. The schema must be
/// current. Throws Error.
MirrorOverview read_overview(Connection& connection, const std::string& environment);

}  // namespace mirror::db
