#include "app/write_wait.hpp"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "db/migrator.hpp"
#include "model/streams.hpp"
#include "support/error.hpp"
#include "sync/mirror_wait.hpp"

namespace mirror::app {
namespace {

/// Changes a user too, although its path is not a user's.
constexpr std::string_view password_confirmation = "/user_management/password_reset/confirm";

/// An object says in the singular what it is.
bool is_row_of(const TableSpec& table, const nlohmann::ordered_json& object) {
  return object.is_object() && object.value("object", "") == table.name.substr(0, table.name.size() - 1);
}

bool deletes_row_of(const TableSpec& table, const api::Operation& operation) {
  return operation.method == "DELETE" && operation.path == std::string(table.single_path) + "/{id}";
}

/// Confirmations wrap the user that they changed.
const nlohmann::ordered_json& object_in(const nlohmann::ordered_json& answer) {
  const auto user = answer.is_object() ? answer.find("user") : answer.end();
  return user != answer.end() && user->is_object() ? *user : answer;
}

}  // namespace

bool writes_mirrored_object(const api::Operation& operation) {
  if (operation.method == "GET") return false;
  return operation.path == password_confirmation || std::ranges::any_of(all_tables(), [&](const TableSpec* table) {
           return operation.path.starts_with(table->single_path);
         });
}

std::optional<db::Awaited> awaited_after(const api::Operation& operation, const api::OperationValues& values,
                                         const nlohmann::ordered_json& answer) {
  const nlohmann::ordered_json& object = object_in(answer);
  for (const TableSpec* table : all_tables()) {
    db::Awaited awaited;
    awaited.table = table->name;
    if (deletes_row_of(*table, operation)) {
      awaited.id = values.at("id").get<std::string>();
      awaited.deletion = true;
      return awaited;
    }
    if (is_row_of(*table, object) && object.contains("id")) {
      awaited.id = object.at("id").get<std::string>();
      awaited.updated_after = parse_instant(object.value("updated_at", ""));
      return awaited;
    }
  }
  return std::nullopt;
}

WriteWait::WriteWait(const Config& config, std::chrono::milliseconds timeout)
    : environment_(config.sync.environment), timeout_(timeout), connection_(config.database, "wait") {
  db::Migrator{connection_}.require_current();
}

ExitCode WriteWait::wait_for(const std::optional<db::Awaited>& awaited, const std::stop_token& stop) {
  if (!awaited) {
    std::cerr << "the answer holds no mirrored object, so there is nothing to wait for\n";
    return ExitCode::done;
  }
  const auto outcome = sync::wait_for(connection_, environment_, *awaited, timeout_, stop);
  if (outcome.sighting != db::Sighting::none) return ExitCode::done;
  std::cerr << "authkit-mirror: WorkOS has done it, but the mirror did not show it in time"
            << (outcome.reason.empty() ? "" : ": ") << outcome.reason << "\n";
  return ExitCode::try_later;
}

}  // namespace mirror::app
