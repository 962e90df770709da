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

std::vector<db::HoldRecord> read_holds(const Config& config) {
  db::Connection connection(config.database, "holds");
  db::Migrator{connection}.require_current();
  db::Transaction transaction(connection);
  return db::HoldStore{config.sync.environment}.read_open(transaction);
}

void print_json(const std::vector<db::HoldRecord>& holds) {
  nlohmann::json list = nlohmann::json::array();
  for (const db::HoldRecord& hold : holds) list.push_back(http::hold_json(hold));
  std::cout << nlohmann::json{{"holds", list}}.dump(2) << "\n";
}

ExitCode list_holds(const Invocation& invocation) {
  const std::vector<db::HoldRecord> holds = read_holds(invocation.load());
  if (invocation.json) {
    print_json(holds);
    return ExitCode::done;
  }
  for (const db::HoldRecord& hold : holds) {
    std::cout << hold.id << "  " << hold.stream << "  " << hold.deletions << " of " << hold.live_rows << " rows";
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
