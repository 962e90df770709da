#include "app/reconcile_share.hpp"

#include <algorithm>

#include "db/lease.hpp"
#include "db/migrator.hpp"
#include "support/log.hpp"

namespace mirror::app {
namespace {

constexpr double part_beside_a_writer = 0.2;
constexpr double least_rate = 1;

bool is_held(const db::LeaseState& lease, std::chrono::seconds ttl) {
  return !lease.holder.empty() && !lease.holder_session_gone &&
         lease.heartbeat_age_seconds <= static_cast<double>(ttl.count());
}

}  // namespace

api::ApiOptions share_of_apply(const Config& config) {
  api::ApiOptions options = config.api;
  db::Connection connection(config.database, "reconcile");
  db::Migrator{connection}.require_current();
  const auto lease = db::Lease::read(connection, config.sync.environment);
  if (!lease || !is_held(*lease, config.sync.lease_ttl)) return options;
  const double part = std::max(options.max_requests_per_second * part_beside_a_writer, least_rate);
  options.max_requests_per_second = std::min(options.max_requests_per_second, part);
  log::info(
      "{} mirrors environment {}: the plan is applied with a fifth of api.max_requests_per_second beside it, {:g}",
      lease->holder, config.sync.environment, options.max_requests_per_second);
  return options;
}

}  // namespace mirror::app
