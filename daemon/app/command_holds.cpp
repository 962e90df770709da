#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/command.hpp"
#include "db/hold_store.hpp"
#include "db/migrator.hpp"
#include "db/transaction.hpp"
#include "http/report_json.hpp"

namespace mirror::app {
namespace {

struct OpenHold {
  std::string environment;
  db::HoldRecord hold;
};

std::vector<OpenHold> read_holds(const std::vector<Config>& environments) {
  db::Connection connection(environments.front().database, "holds");
  db::Migrator{connection}.require_current();
  db::Transaction transaction(connection);
  std::vector<OpenHold> all;
  for (const Config& each : environments) {
    for (db::HoldRecord& hold : db::HoldStore{each.sync.environment}.read_open(transaction)) {
      all.push_back({each.sync.environment, std::move(hold)});
    }
  }
  return all;
}

void print_json(const std::vector<OpenHold>& holds) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& [environment, hold] : holds) {
    list.push_back(http::hold_json(hold));
    list.back()["environment"] = environment;
  }
  std::cout << nlohmann::json{{"holds", list}}.dump(2) << "\n";
}

ExitCode list_holds(const Invocation& invocation) {
  const std::vector<Config> environments = invocation.load_each();
  const std::vector<OpenHold> holds = read_holds(environments);
  if (invocation.json) {
    print_json(holds);
    return ExitCode::done;
  }
  for (const auto& [environment, hold] : holds) {
    std::cout << hold.id << "  " << (environments.size() > 1 ? environment + "  " : "") << hold.stream << "  "
              << hold.deletions << " of " << hold.live_rows << " rows";
    if (hold.cascades > 0) std::cout << " and " << hold.cascades << " that die with them";
    std::cout << "  by " << hold.cause << "  " << hold.created_at << "  " << hold.reason << "\n";
  }
  if (holds.empty()) std::cerr << "no deletions are held\n";
  return ExitCode::done;
}

CommandBody define_holds(CLI::App&) {
  return list_holds;
}

}  // namespace

constinit const Command holds_command{"holds", "List the deletions that the brake stopped, the number to approve first",
                                      "  authkit-mirror holds\n"
                                      "  authkit-mirror holds --json | jq '.holds[].id'",
                                      true, define_holds};

}  // namespace mirror::app
