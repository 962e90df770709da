#include "app/check_environment.hpp"

#include <algorithm>
#include <stop_token>

#include "api/directory_api.hpp"
#include "db/mirror_reader.hpp"
#include "support/error.hpp"
#include "sync/environment_guard.hpp"

namespace mirror::app {

CheckLine check_environment(const Config& config, const api::DirectoryApi& directory) {
  const std::string& name = config.sync.environment;
  try {
    db::MirrorReader mirror(config.database, name);
    const auto sample = mirror.ask([](db::Transaction& transaction, const db::MirrorTables& tables) {
      return sync::take_environment_sample(transaction, tables);
    });
    const bool is_empty = std::ranges::all_of(sample, [](const auto& of_table) { return of_table.second.empty(); });
    if (is_empty) return {"environment", CheckResult::ok, "the mirror of '" + name + "' is still empty", "", {}};
    sync::require_same_environment(directory, sample, name, std::stop_token{});
    return {"environment", CheckResult::ok, "the key belongs to what is mirrored as '" + name + "'", "", {}};
  } catch (const Error& error) {
    return {"environment", CheckResult::failed, error.what(), error.next_step(), exit_code(error.fault())};
  }
}

}  // namespace mirror::app
