#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/reconcile_lease.hpp"

namespace mirror::db {

/// One action of a plan as the journal knows it. Holds no personal data.
struct JournalEntry {
  int number = 0;
  std::string kind;
  std::string object_id;        ///< empty: not made yet
  std::string organization_id;  ///< empty: none
  std::string state;            ///< planned, started, done, skipped, conflict, failed
  std::string idempotency_key;
  std::string request_id;
  std::string object_updated_at;  ///< ISO 8601; empty: unknown
  std::string error;
};

/// A plan that is to be applied.
struct JournalPlan {
  std::string digest;
  std::int64_t feed_seq = 0;
  std::string valid_until;  ///< ISO 8601
  std::string applied_by;
  bool approved = false;
};

/// The tables reconcile_plans and reconcile_actions of one environment and one plan. Every write is a transaction of
/// its own that renews the lease first, and throws Error (lease_lost) if that is somebody else's by now. Not
/// thread-safe.
class ReconcileJournal {
 public:
  ReconcileJournal(std::string environment, std::string digest)
      : environment_(std::move(environment)), digest_(std::move(digest)) {}

  /// applying, stopped or applied; empty if it was never begun.
  [[nodiscard]] std::string state(Connection& connection) const;
  /// Enters the plan with its actions, unless it is there.
  void begin(Connection& connection, const ReconcileLease& lease, const JournalPlan& plan,
             const std::vector<JournalEntry>& entries) const;
  /// All actions in order.
  [[nodiscard]] std::vector<JournalEntry> read(Connection& connection) const;
  /// A request is about to be sent.
  void start(Connection& connection, const ReconcileLease& lease, int number) const;
  /// What became of an action: its state, object, request id, version and error.
  void finish(Connection& connection, const ReconcileLease& lease, const JournalEntry& entry) const;
  /// stopped or applied.
  void close(Connection& connection, const ReconcileLease& lease, const std::string& state) const;

 private:
  std::string environment_;
  std::string digest_;
};

/// A change that we made ourselves, as the API answered it.
struct OwnWrite {
  std::string table;
  std::string id;
  std::string updated_at;  ///< ISO 8601; empty: the object was removed
};

/// How many of `writes` the mirror has not seen yet. Throws Error as Transaction does.
std::size_t count_unseen(Connection& connection, const std::string& environment, const std::vector<OwnWrite>& writes);

}  // namespace mirror::db
