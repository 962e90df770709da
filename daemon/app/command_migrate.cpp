#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/command.hpp"
#include "app/text_table.hpp"
#include "db/migrator.hpp"

namespace mirror::app {
namespace {

struct MigrateArguments {
  bool print_sql = false;
  bool status = false;
};

ExitCode judge(const std::vector<db::MigrationState>& states) {
  ExitCode code = ExitCode::done;
  for (const db::MigrationState& each : states) {
    if (each.state == "pending" && code == ExitCode::done) code = ExitCode::not_all_well;
    if (each.state == "changed" || each.state == "unknown") code = ExitCode::misconfigured;
  }
  return code;
}

ExitCode show_status(db::Migrator& migrator, bool as_json) {
  const std::vector<db::MigrationState> states = migrator.status();
  if (as_json) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& each : states)
      list.push_back({{"number", each.number}, {"name", each.name}, {"state", each.state}});
    std::cout << nlohmann::json{{"migrations", list}}.dump(2) << "\n";
    return judge(states);
  }
  TextTable table({"NUMBER", "NAME", "STATE"});
  for (const auto& each : states) table.add({std::to_string(each.number), each.name, each.state});
  std::cout << table.text();
  return judge(states);
}

ExitCode migrate(const MigrateArguments& arguments, const Invocation& invocation) {
  const Config config = invocation.load_all();
  db::Connection connection(config.database, "migrate");
  db::Migrator migrator(connection);
  if (arguments.status) return show_status(migrator, invocation.json);
  if (arguments.print_sql) {
    std::cout << migrator.pending_sql();
    return ExitCode::done;
  }
  const std::vector<std::string> applied = migrator.migrate();
  if (invocation.json) {
    std::cout << nlohmann::json{{"applied", applied}}.dump(2) << "\n";
    return ExitCode::done;
  }
  for (const std::string& name : applied) std::cout << "applied " << name << "\n";
  if (applied.empty()) std::cout << "the schema is up to date\n";
  return ExitCode::done;
}

CommandBody define_migrate(CLI::App& app) {
  auto arguments = std::make_shared<MigrateArguments>();
  CLI::Option* const print =
      app.add_flag("--print-sql", arguments->print_sql, "print what is pending as one SQL script, apply nothing");
  app.add_flag("--status", arguments->status, "list the migrations and their state, apply nothing")->excludes(print);
  return [arguments](const Invocation& invocation) { return migrate(*arguments, invocation); };
}

}  // namespace

constinit const Command migrate_command{
    "migrate", "Bring the schema of the mirror up to date",
    "  authkit-mirror migrate\n"
    "  authkit-mirror migrate --status            # exit code 1 if something is pending\n"
    "  authkit-mirror migrate --print-sql > for_the_administrator.sql",
    true, define_migrate};

}  // namespace mirror::app
