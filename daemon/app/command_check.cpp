#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <optional>

#include "api/api_client.hpp"
#include "app/check_api.hpp"
#include "app/check_database.hpp"
#include "app/check_environment.hpp"
#include "app/command.hpp"
#include "support/error.hpp"

namespace mirror::app {
namespace {

/// Empty, with a line that says why, if the configuration is wrong; then nothing else can be tested.
std::optional<Config> check_configuration(const Invocation& invocation, std::vector<CheckLine>& lines) {
  try {
    Config config = invocation.load();
    lines.push_back({"configuration", CheckResult::ok, "valid", "", {}});
    for (const std::string& warning : config.warnings) {
      lines.push_back({"configuration", CheckResult::warning, warning, "correct it if it is not meant so", {}});
    }
    return config;
  } catch (const Error& error) {
    lines.push_back({"configuration", CheckResult::failed, error.what(), error.next_step(), exit_code(error.fault())});
    return std::nullopt;
  }
}

void append(std::vector<CheckLine>& lines, std::vector<CheckLine> more) {
  lines.insert(lines.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

bool is_up_to_date(const std::vector<CheckLine>& lines) {
  return std::ranges::any_of(
      lines, [](const CheckLine& line) { return line.subject == "schema" && line.result == CheckResult::ok; });
}

void check_workos(const Config& config, std::vector<CheckLine>& lines) {
  SystemClock clock;
  try {
    const api::DirectoryApi directory{api::make_api_client(config.api, clock)};
    const bool has_mirror = is_up_to_date(lines);
    append(lines, check_api(directory, config.sync, clock));
    if (has_mirror) lines.push_back(check_environment(config, directory));
  } catch (const Error& error) {
    lines.push_back({"api", CheckResult::failed, error.what(), error.next_step(), exit_code(error.fault())});
  }
}

ExitCode check(const Invocation& invocation) {
  std::vector<CheckLine> lines;
  if (const auto config = check_configuration(invocation, lines)) {
    lines.push_back(check_key_form(*config));
    append(lines, check_database(config->database));
    if (!config->api.key.empty()) check_workos(*config, lines);
  }
  std::cout << (invocation.json ? checks_json(lines) : checks_table(lines));
  return judge_checks(lines);
}

CommandBody define_check(CLI::App&) {
  return check;
}

}  // namespace

constinit const Command check_command{"check", "Test configuration, key, permissions, environment, database and clock",
                                      "  authkit-mirror check\n"
                                      "  authkit-mirror check --json | jq '.checks[] | select(.result != \"ok\")'\n"
                                      "It changes nothing. The exit code is that of the first failed line.",
                                      true, define_check};

}  // namespace mirror::app
