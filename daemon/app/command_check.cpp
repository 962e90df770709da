#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <optional>

#include "api/api_client.hpp"
#include "api/events_api.hpp"
#include "app/check_api.hpp"
#include "app/check_credentials.hpp"
#include "app/check_database.hpp"
#include "app/check_environment.hpp"
#include "app/check_events.hpp"
#include "app/check_quota.hpp"
#include "app/check_webhook.hpp"
#include "app/command.hpp"
#include "app/webhook_endpoints.hpp"
#include "support/error.hpp"

namespace mirror::app {
namespace {

void append(std::vector<CheckLine>& lines, std::vector<CheckLine> more) {
  lines.insert(lines.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

/// Empty, with a line that says why, if the configuration is wrong; then nothing else can be tested.
std::optional<std::vector<Config>> check_configuration(const Invocation& invocation, std::vector<CheckLine>& lines) {
  try {
    const Config all = invocation.load_all();
    std::vector<Config> wanted = wanted_environments(all);
    lines.push_back({"configuration", CheckResult::ok, "valid", "", {}});
    for (const std::string& warning : all.warnings) {
      lines.push_back({"configuration", CheckResult::warning, warning, "correct it if it is not meant so", {}});
    }
    append(lines, check_credentials(all, process_environment()));
    return wanted;
  } catch (const Error& error) {
    lines.push_back({"configuration", CheckResult::failed, error.what(), error.next_step(), exit_code(error.fault())});
    return std::nullopt;
  }
}

bool is_up_to_date(const std::vector<CheckLine>& lines) {
  return std::ranges::any_of(
      lines, [](const CheckLine& line) { return line.subject == "schema" && line.result == CheckResult::ok; });
}

void check_workos(const Config& config, bool has_mirror, Clock& clock, std::vector<CheckLine>& lines) {
  try {
    const auto client = api::make_api_client(config.api, clock);
    const api::DirectoryApi directory{client};
    append(lines, check_api(directory, config.sync, clock));
    lines.push_back(check_events(api::EventsApi{client}, followed_event_types(config)));
    lines.push_back(check_quota(client->statistics(), config.api.max_requests_per_second));
    if (has_mirror) lines.push_back(check_environment(config, directory));
  } catch (const Error& error) {
    lines.push_back({"api", CheckResult::failed, error.what(), error.next_step(), exit_code(error.fault())});
  }
}

/// What differs by environment; of several each subject is told with its name.
std::vector<CheckLine> check_one(const Config& config, bool has_mirror, Clock& clock) {
  std::vector<CheckLine> lines{check_key_form(config)};
  if (!config.api.key.empty()) check_workos(config, has_mirror, clock, lines);
  lines.push_back(check_webhook(config, clock));
  if (config.section.empty()) return lines;
  for (CheckLine& line : lines) line.subject = config.sync.environment + ": " + line.subject;
  return lines;
}

ExitCode check(const Invocation& invocation) {
  std::vector<CheckLine> lines;
  SystemClock clock;
  if (const auto environments = check_configuration(invocation, lines)) {
    append(lines, check_database(environments->front().database));
    const bool has_mirror = is_up_to_date(lines);
    for (const Config& each : *environments) append(lines, check_one(each, has_mirror, clock));
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
