#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "db/connection.hpp"

namespace mirror::db {

class Transaction;

/// Who holds the lease of an environment, as read from the database.
struct LeaseState {
  std::string holder;  ///< empty: nobody
  std::int64_t token = 0;
  std::int64_t feed_seq = 0;
  std::string version;
  double heartbeat_age_seconds = 0;  ///< by the database's clock
  bool holder_session_gone = false;  ///< its process is no longer in pg_stat_activity
};

/// The right to write one environment's mirror (rule R11), as a row with a fencing token. Nothing is locked: a holder
/// that pauses and wakes up too late finds a newer token and commits nothing. Not thread-safe; belongs to the writer.
class Lease {
 public:
  /// `instance` is unique per process start and part of the connections' application_name; at most 36 bytes, so that
  /// PostgreSQL does not cut it. Does not touch the database.
  Lease(std::string environment, std::string instance, std::chrono::seconds ttl);

  /// Takes the lease if nobody holds it, its holder's session is gone, or its heartbeat is older than the ttl; ends the
  /// old token's database sessions. True if it is ours now.
  bool try_acquire(Connection& connection);
  /// Refreshes the heartbeat; throws Error (lease_lost) if it is no longer ours.
  void renew(Connection& connection);
  /// Gives it back so that the next one need not wait; never throws.
  void release(Connection& connection) noexcept;

  /// Commits `transaction` together with the compare-and-swap of token and feed position; the feed advances by
  /// `feed_rows`, whose sequence numbers are next_feed_seq() and following. Throws Error (lease_lost): nothing was
  /// written. After an Error of Fault::unavailable it may be written or not: the lease counts as lost, and try_acquire,
  /// which takes it back from its own instance at once, reads where the feed stands.
  void commit(Transaction& transaction, std::int64_t feed_rows);

  [[nodiscard]] bool is_held() const { return held_; }
  [[nodiscard]] std::int64_t token() const { return token_; }
  [[nodiscard]] std::int64_t next_feed_seq() const { return feed_seq_ + 1; }
  [[nodiscard]] const std::string& instance() const { return instance_; }

  /// Reads who holds it; empty if no row exists yet.
  static std::optional<LeaseState> read(Connection& connection, const std::string& environment);

 private:
  std::string environment_;
  std::string instance_;
  std::chrono::seconds ttl_;
  std::int64_t token_ = 0;
  std::int64_t feed_seq_ = 0;
  bool held_ = false;
};

}  // namespace mirror::db
