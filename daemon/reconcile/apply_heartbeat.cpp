#include "reconcile/apply_heartbeat.hpp"

#include <exception>
#include <optional>

#include "db/transaction.hpp"
#include "support/error.hpp"
#include "support/log.hpp"

namespace mirror::reconcile {
namespace {

void beat(std::optional<db::Connection>& connection, const db::DatabaseOptions& database,
          const db::ReconcileLease& lease) {
  try {
    if (!connection) connection.emplace(database, "reconcile heartbeat");
    db::Transaction transaction(*connection);
    lease.renew(transaction);
    transaction.commit();
  } catch (const std::exception& error) {
    connection.reset();
    log::debug("no sign of life of the apply: {}", error.what());
  }
}

}  // namespace

ApplyHeartbeat::ApplyHeartbeat(const db::DatabaseOptions& database, const db::ReconcileLease& lease, Clock& clock)
    : thread_([database, lease, &clock](const std::stop_token& stop) {
        std::optional<db::Connection> connection;
        while (clock.wait_for(lease.ttl() / 3, stop)) beat(connection, database, lease);
      }) {}

}  // namespace mirror::reconcile
