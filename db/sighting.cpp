#include "db/sighting.hpp"

#include <fmt/core.h>

namespace mirror::db {
namespace {

Sighting look_for_event(Transaction& transaction, const std::string& environment, const std::string& event) {
  const Result result =
      transaction.run(fmt::format("SELECT {}($1, interval '0', $2)", transaction.connection().table("wait_for_event")),
                      event, environment);
  return result[0][0].as<bool>() ? Sighting::seen : Sighting::none;
}

}  // namespace

Sighting look_for(Transaction& transaction, const std::string& environment, const Awaited& awaited) {
  if (!awaited.event.empty()) return look_for_event(transaction, environment, awaited.event);
  std::optional<std::string> updated_after;
  if (awaited.updated_after) updated_after = to_string(*awaited.updated_after);
  const Result result = transaction.run(
      fmt::format("SELECT _deleted_at IS NOT NULL, $3::timestamptz IS NULL OR coalesce(updated_at >= $3::timestamptz, "
                  "false) FROM {} WHERE _env = $1 AND id = $2",
                  transaction.connection().table(awaited.table)),
      environment, awaited.id, updated_after);
  if (result.empty()) return Sighting::none;
  if (result[0][0].as<bool>()) return Sighting::deleted;
  return result[0][1].as<bool>() && !awaited.deletion ? Sighting::seen : Sighting::none;
}

}  // namespace mirror::db
