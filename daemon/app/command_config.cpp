#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/command.hpp"
#include "app/config_report.hpp"

namespace mirror::app {
namespace {

ExitCode print(const Invocation& invocation) {
  const auto values = effective_values(load_config(invocation.sources()));
  std::cout << (invocation.json ? to_json(values) : to_table(values));
  return ExitCode::done;
}

/// What is wrong ends as an error that lists it.
ExitCode check(const Invocation& invocation) {
  const Config config = load_config(invocation.sources());
  if (invocation.json) {
    std::cout << nlohmann::json{{"valid", true}, {"warnings", config.warnings}}.dump(2) << "\n";
  } else {
    std::cout << "the configuration is valid\n";
    for (const std::string& warning : config.warnings) std::cout << "warning: " << warning << "\n";
  }
  return config.warnings.empty() ? ExitCode::done : ExitCode::not_all_well;
}

CommandBody define_config(CLI::App& app) {
  auto action = std::make_shared<std::string>();
  app.add_option("action", *action, "print (every key, its value and where that came from), check")
      ->type_name("ACTION")
      ->required()
      ->check(CLI::IsMember({"print", "check"}));
  return [action](const Invocation& invocation) { return *action == "print" ? print(invocation) : check(invocation); };
}

}  // namespace

constinit const Command config_command{
    "config", "Show the effective configuration, or only test it",
    "  authkit-mirror config print\n"
    "  authkit-mirror config print --json | jq '.[] | select(.from != \"default\")'\n"
    "  authkit-mirror --config new.toml config check\n"
    "Nothing is connected to. Secrets are hidden.",
    true, define_config};

}  // namespace mirror::app
