#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/engine_session.hpp"
#include "db/hold_store.hpp"
#include "db/migrator.hpp"
#include "db/transaction.hpp"
#include "support/error.hpp"

namespace mirror::app {
namespace {

/// Holds are numbered over all environments, so the number tells whose one is.
Config config_of_hold(int id, const Invocation& invocation) {
  std::vector<Config> environments = invocation.load_each();
  if (environments.size() == 1) return std::move(environments.front());
  db::Connection connection(environments.front().database, "holds");
  db::Migrator{connection}.require_current();
  db::Transaction transaction(connection);
  const auto name = db::find_environment_of_hold(transaction, id);
  const auto found =
      std::ranges::find_if(environments, [&](const Config& each) { return each.sync.environment == name; });
  if (found != environments.end()) return std::move(*found);
  throw Error(Fault::usage, "there is no hold " + std::to_string(id) + " in the configured environments",
              "`authkit-mirror holds` lists those that are open");
}

ExitCode decide(int id, HoldDecision decision, const Invocation& invocation) {
  EngineSession session(config_of_hold(id, invocation));
  const HoldOutcome outcome = session.engine->decide_hold(id, decision, session.stop_token());
  if (invocation.json) {
    const nlohmann::json answer{{"hold", id}, {"deleted", outcome.deleted}, {"kept", outcome.kept}};
    std::cout << answer.dump(2) << "\n";
  } else if (decision == HoldDecision::approve) {
    std::cout << "hold " << id << ": " << outcome.deleted << " rows deleted, " << outcome.kept << " kept\n";
  } else {
    std::cout << "hold " << id << ": discarded, nothing was deleted\n";
  }
  return ExitCode::done;
}

template <HoldDecision decision>
CommandBody define_decision(CLI::App& app) {
  auto id = std::make_shared<int>(0);
  app.add_option("hold", *id, "number of the hold, as `authkit-mirror holds` lists it")
      ->required()
      ->type_name("NUMBER")
      ->check(CLI::Range(1, std::numeric_limits<int>::max()));
  return [id](const Invocation& invocation) { return decide(*id, decision, invocation); };
}

}  // namespace

constinit const Command approve_command{"approve", "Let held deletions through, each after a last look at the API",
                                        "  authkit-mirror holds\n"
                                        "  authkit-mirror approve 3",
                                        true, define_decision<HoldDecision::approve>};

constinit const Command discard_command{"discard", "Drop held deletions; the next complete snapshot judges anew",
                                        "  authkit-mirror discard 3", true, define_decision<HoldDecision::discard>};

}  // namespace mirror::app
