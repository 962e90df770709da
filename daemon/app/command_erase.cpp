#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/engine_session.hpp"
#include "app/erasure_receipt.hpp"
#include "app/text_table.hpp"
#include "db/migrator.hpp"
#include "db/transaction.hpp"
#include "support/error.hpp"

namespace mirror::app {
namespace {

struct EraseArguments {
  std::string user;
  bool lists = false;
  bool yes = false;
  bool still_at_workos = false;
};

std::string day_and_time(const std::string& text) {
  return text.substr(0, text.find('.'));
}

ExitCode list_all(const Invocation& invocation) {
  const Config config = invocation.load();
  db::Connection connection(config.database, "erasures");
  db::Migrator{connection}.require_current();
  db::Transaction transaction(connection);
  const auto erasures = db::list_erasures(transaction, config.sync.environment);
  if (invocation.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& each : erasures) {
      list.push_back({{"hash", each.hash},
                      {"erased_at", each.erased_at},
                      {"erased_by", each.erased_by},
                      {"repeated_at", each.repeated_at.empty() ? nlohmann::json() : nlohmann::json(each.repeated_at)},
                      {"rows", each.rows}});
    }
    std::cout << nlohmann::json{{"erasures", list}}.dump(2) << "\n";
    return ExitCode::done;
  }
  TextTable table({"hash", "erased", "by", "repeated", "rows"});
  for (const auto& each : erasures) {
    table.add({short_hash(each.hash), day_and_time(each.erased_at), each.erased_by, day_and_time(each.repeated_at),
               std::to_string(each.rows)});
  }
  if (!erasures.empty()) std::cout << table.text();
  if (erasures.empty()) std::cerr << "nobody was erased\n";
  return ExitCode::done;
}

/// Asks whoever sits at the terminal.
bool is_confirmed(const EraseArguments& arguments, const std::string& environment) {
  if (arguments.yes) return true;
  if (isatty(STDIN_FILENO) == 0) {
    throw Error(Fault::usage, "an erasure can't be undone, and nobody is here to be asked", "add --yes");
  }
  std::cerr << "Remove " << arguments.user << " from the mirror of environment '" << environment
            << "' for good? [y/N] ";
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

ExitCode erase(const Invocation& invocation, const EraseArguments& arguments) {
  if (arguments.lists) return list_all(invocation);
  if (arguments.user.empty()) {
    throw Error(Fault::usage, "whom to erase?", "name the user by id, or list what was erased: --list");
  }
  EngineSession session(invocation);
  const auto& environment = session.config.sync.environment;
  if (!is_confirmed(arguments, environment)) {
    std::cerr << "nothing was erased\n";
    return ExitCode::done;
  }
  const auto erasure = session.engine->erase(arguments.user, arguments.still_at_workos, session.stop_token());
  std::cout << (invocation.json ? receipt_json(arguments.user, environment, erasure)
                                : receipt_text(arguments.user, environment, erasure));
  return ExitCode::done;
}

CommandBody define_erase(CLI::App& app) {
  auto arguments = std::make_shared<EraseArguments>();
  app.add_option("user", arguments->user, "id of the user")->type_name("USER");
  app.add_flag("--yes", arguments->yes, "do not ask");
  app.add_flag("--still-at-workos", arguments->still_at_workos,
               "erase from the mirror also a user who still exists at WorkOS");
  app.add_flag("--list", arguments->lists, "list the erasures: hashes, never ids");
  return [arguments](const Invocation& invocation) { return erase(invocation, *arguments); };
}

}  // namespace

constinit const Command erase_command{
    "erase", "Remove a person from the mirror for good, and print a receipt",
    "  authkit-mirror api users.delete id=user_01K3F7PRDWYZT26TBHE5KVFZGX    # at WorkOS first\n"
    "  authkit-mirror erase user_01K3F7PRDWYZT26TBHE5KVFZGX\n"
    "  authkit-mirror erase user_01K3F7PRDWYZT26TBHE5KVFZGX --yes --json > receipt.json\n"
    "  authkit-mirror erase --list",
    true, define_erase};

}  // namespace mirror::app
