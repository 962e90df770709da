#include "db/lease.hpp"

#include <fmt/format.h>

#include <exception>
#include <utility>

#include "db/holder_session.hpp"
#include "db/transaction.hpp"
#include "support/error.hpp"
#include "support/log.hpp"
#include "support/version.hpp"

namespace mirror::db {
namespace {

constexpr const char* heartbeat_age = "EXTRACT(EPOCH FROM clock_timestamp() - heartbeat_at)::float8";

/// What decides about a takeover.
struct Holder {
  std::string instance;
  std::optional<int> pid;
  std::string acquired_at;
  bool may_be_replaced = false;
};

/// A standby looks every second, so the first look locks nothing and writes nothing.
constexpr const char* without_lock = "";
/// Finds no row while somebody else works on it: then it is not ours to take.
constexpr const char* with_lock = " FOR UPDATE SKIP LOCKED";

/// Empty if there is no row, or it is locked.
std::optional<Holder> read_holder(Transaction& transaction, const std::string& environment, const std::string& instance,
                                  std::chrono::seconds ttl, const char* lock) {
  const std::string table = transaction.connection().table("lease");
  const Result rows = transaction.run(
      "SELECT coalesce(holder, ''), holder_pid, coalesce(acquired_at::text, ''),"
      " holder IS NULL OR holder = $2 OR heartbeat_at IS NULL OR " +
          std::string{heartbeat_age} + " > $3 OR (" + holder_session_gone + ") FROM " + table + " WHERE _env = $1" +
          lock,
      environment, instance, ttl.count());
  if (row_count(rows) == 0) return std::nullopt;
  return Holder{rows[0][0].as<std::string>(), read_optional<int>(rows[0][1]), rows[0][2].as<std::string>(),
                rows[0][3].as<bool>()};
}

/// A stuck writer holds row locks that would stop its successor. Behind a pooler its process is not known; there the
/// session that works for it at this moment carries its application_name.
void end_sessions(Transaction& transaction, const Holder& old, const std::string& instance) {
  if (old.instance.empty()) return;
  transaction.run("SAVEPOINT takeover");
  try {
    const Result ended = transaction.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND application_name LIKE 'authkit-mirror %' AND datname = current_database()"
        " AND ((pid = $1 AND backend_start <= nullif($2, '')::timestamptz)"
        "  OR ($3 <> $4 AND state <> 'idle' AND right(application_name, length($3) + 1) = ' ' || $3))",
        old.pid, old.acquired_at, old.instance, instance);
    transaction.run("RELEASE SAVEPOINT takeover");
    if (row_count(ended) > 0) log::info("ended {} database sessions of {}", row_count(ended), old.instance);
  } catch (const Error& error) {
    if (error.fault() != Fault::refused) throw;
    transaction.run("ROLLBACK TO SAVEPOINT takeover");
    log::warn("the database sessions of {} can't be ended, its locks may delay this one: {}", old.instance,
              error.what());
  }
}

}  // namespace

Lease::Lease(std::string environment, std::string instance, std::chrono::seconds ttl)
    : environment_(std::move(environment)), instance_(std::move(instance)), ttl_(ttl) {}

bool Lease::try_acquire(Connection& connection) {
  held_ = false;
  Transaction transaction(connection);
  const std::string table = connection.table("lease");
  const std::optional<Holder> seen = read_holder(transaction, environment_, instance_, ttl_, without_lock);
  if (seen && !seen->may_be_replaced) return false;
  if (!seen)
    transaction.run("INSERT INTO " + table + " (_env, token) VALUES ($1, 0) ON CONFLICT DO NOTHING", environment_);
  const std::optional<Holder> old = read_holder(transaction, environment_, instance_, ttl_, with_lock);
  if (!old || !old->may_be_replaced) return false;

  end_sessions(transaction, *old, instance_);
  const std::optional<int> pid = connection.is_pooled() ? std::nullopt : std::optional{connection.backend_pid()};
  const Result row = transaction.run("UPDATE " + table +
                                         " SET token = token + 1, holder = $2, holder_pid = $3, holder_version = $4,"
                                         " acquired_at = clock_timestamp(), heartbeat_at = clock_timestamp()"
                                         " WHERE _env = $1 RETURNING token, feed_seq",
                                     environment_, instance_, pid, version());
  transaction.commit();
  token_ = row[0][0].as<std::int64_t>();
  feed_seq_ = row[0][1].as<std::int64_t>();
  held_ = true;
  return true;
}

void Lease::renew(Connection& connection) {
  Transaction transaction(connection);
  const Result row = transaction.run("UPDATE " + connection.table("lease") +
                                         " SET heartbeat_at = clock_timestamp()"
                                         " WHERE _env = $1 AND token = $2 AND holder = $3 RETURNING token",
                                     environment_, token_, instance_);
  if (!held_ || row_count(row) == 0) {
    held_ = false;
    throw Error(Fault::lease_lost, fmt::format("the lease of environment {} is held by another process", environment_));
  }
  transaction.commit();
}

void Lease::release(Connection& connection) noexcept {
  if (!std::exchange(held_, false)) return;
  try {
    Transaction transaction(connection);
    transaction.run("UPDATE " + connection.table("lease") +
                        " SET holder = NULL, holder_pid = NULL WHERE _env = $1 AND token = $2 AND holder = $3",
                    environment_, token_, instance_);
    transaction.commit();
  } catch (const std::exception& error) {
    log::debug("the lease of environment {} was not given back: {}", environment_, error.what());
  }
}

void Lease::commit(Transaction& transaction, std::int64_t feed_rows) {
  if (!held_) {
    throw Error(Fault::lease_lost, fmt::format("the lease of environment {} has to be taken again", environment_));
  }
  const Connection& connection = transaction.connection();
  // After a failure it may be unknown whether the commit happened. Only a new acquisition tells: until then the lease
  // counts as lost.
  held_ = false;
  transaction.commit_with(fmt::format("SELECT {}.fence({}, {}, {}, {})", connection.schema(),
                                      connection.raw().literal(environment_), token_, feed_seq_,
                                      feed_seq_ + feed_rows));
  feed_seq_ += feed_rows;
  held_ = true;
}

std::optional<LeaseState> Lease::read(Connection& connection, const std::string& environment) {
  Transaction transaction(connection);
  const Result rows = transaction.run(
      "SELECT coalesce(holder, ''), token, feed_seq, coalesce(holder_version, ''),"
      " coalesce(" +
          std::string{heartbeat_age} + ", 0), " + holder_session_gone + " FROM " + connection.table("lease") +
          " WHERE _env = $1",
      environment);
  if (row_count(rows) == 0) return std::nullopt;
  const auto row = rows[0];
  return LeaseState{row[0].as<std::string>(), row[1].as<std::int64_t>(), row[2].as<std::int64_t>(),
                    row[3].as<std::string>(), row[4].as<double>(),       row[5].as<bool>()};
}

}  // namespace mirror::db
