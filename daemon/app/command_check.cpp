#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <optional>

#include "api/api_client.hpp"
#include "app/check_api.hpp"
#include "app/check_credentials.hpp"
#include "app/check_database.hpp"
#include "app/check_environment.hpp"
#include "app/check_quota.hpp"
#include "app/check_webhook.hpp"
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

void check_workos(const Config& config, Clock& clock, std::vector<CheckLine>& lines) {
  try {
    const auto client = api::make_api_client(config.api, clock);
    const api::DirectoryApi directory{client};
    const bool has_mirror = is_up_to_date(lines);
    append(lines, check_api(directory, config.sync, clock));
    lines.push_back(check_quota(client->statistics(), config.api.max_requests_per_second));
    if (has_mirror) lines.push_back(check_environment(config, directory));
  } catch (const Error& error) {
    lines.push_back({"api", CheckResult::failed, error.what(), error.next_step(), exit_code(error.fault())});
  }
}

ExitCode check(const Invocation& invocation) {
  std::vector<CheckLine> lines;
  SystemClock clock;
  if (const auto config = check_configuration(invocation, lines)) {
    append(lines, check_credentials(*config, process_environment()));
    lines.push_back(check_key_form(*config));
    append(lines, check_database(config->database));
    if (!config->api.key.empty()) check_workos(*config, clock, lines);
    lines.push_back(check_webhook(*config, clock));
  }
  std::cout << (invocation.json ? checks_json(lines) : checks_table(lines));
  return judge_checks(lines);
}

CommandBody define_check(CLI::App&) {
  return check;
}

}  // namespace

constinit const Command check_command{
    "check", "Test configuration, secrets, key, permissions, quota, environment, database, clock and webhook",
    "  authkit-mirror check\n"
    "  authkit-mirror check --json | jq '.checks[] | select(.result != \"ok\")'\n"
    "It changes nothing but that a running daemon archives a signed test event, if it takes webhooks. The exit code\n"
    "is that of the first failed line.",
    true, define_check};

}  // namespace mirror::app
