#include "db/reconcile_lease.hpp"

#include <exception>
#include <string>

#include "db/holder_session.hpp"
#include "db/transaction.hpp"
#include "support/error.hpp"
#include "support/log.hpp"

namespace mirror::db {

bool ReconcileLease::try_acquire(Connection& connection) {
  Transaction transaction(connection);
  const std::string table = connection.table("reconcile_lease");
  transaction.run("INSERT INTO " + table + " (_env) VALUES ($1) ON CONFLICT DO NOTHING", environment_);
  const int pid = connection.is_pooled() ? 0 : connection.backend_pid();
  const Result row = transaction.run(
      "UPDATE " + table +
          " SET token = token + 1, holder = $2, holder_pid = nullif($3::integer, 0), acquired_at = clock_timestamp(),"
          " heartbeat_at = clock_timestamp() WHERE _env = $1 AND (holder IS NULL"
          " OR heartbeat_at < clock_timestamp() - make_interval(secs => $4::integer) OR (" +
          std::string(holder_session_gone) + ")) RETURNING token",
      environment_, holder_, pid, ttl_.count());
  transaction.commit();
  if (row_count(row) == 0) return false;
  token_ = row[0][0].as<std::int64_t>();
  return true;
}

void ReconcileLease::renew(Transaction& transaction) const {
  const Result row = transaction.run("UPDATE " + transaction.connection().table("reconcile_lease") +
                                         " SET heartbeat_at = clock_timestamp()"
                                         " WHERE _env = $1 AND token = $2 AND holder IS NOT NULL RETURNING token",
                                     environment_, token_);
  if (row_count(row) > 0) return;
  throw Error(Fault::lease_lost, "another process applies a plan to environment " + environment_ + " by now",
              "wait for its end; applying this plan again goes on where it stood");
}

void ReconcileLease::release(Connection& connection) noexcept {
  try {
    Transaction transaction(connection);
    transaction.run("UPDATE " + connection.table("reconcile_lease") +
                        " SET holder = NULL, holder_pid = NULL WHERE _env = $1 AND token = $2",
                    environment_, token_);
    transaction.commit();
  } catch (const std::exception& error) {
    log::debug("the right to apply plans was not given back: {}", error.what());
  }
}

}  // namespace mirror::db
