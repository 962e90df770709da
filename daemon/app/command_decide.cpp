#include <CLI/CLI.hpp>
#include <iostream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/engine_session.hpp"

namespace mirror::app {
namespace {

ExitCode decide(int id, HoldDecision decision, const Invocation& invocation) {
  EngineSession session(invocation);
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
