#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <thread>

#include "app/command.hpp"
#include "app/daemon_client.hpp"
#include "app/mirror_status.hpp"
#include "db/migrator.hpp"
#include "support/error.hpp"

namespace mirror::app {
namespace {

using State = http::HealthReport::State;

/// The exit codes of a Nagios plugin, which are not ours.
enum class NagiosCode : int { ok = 0, warning = 1, critical = 2, unknown = 3 };

ExitCode plugin_exit(NagiosCode code) {
  return static_cast<ExitCode>(code);
}

std::vector<EnvironmentStatus> read_status(const std::vector<Config>& environments) {
  db::Connection connection(environments.front().database, "status");
  db::Migrator{connection}.require_current();
  std::vector<EnvironmentStatus> all;
  for (const Config& each : environments) {
    const std::string& name = each.sync.environment;
    all.push_back({name, judge_mirror(db::read_overview(connection, name), each.sync,
                                      ask_daemon_health(each.http.listen, name))});
  }
  return all;
}

std::string shown(const std::vector<EnvironmentStatus>& all, const Invocation& invocation) {
  return invocation.json ? to_json(all) : to_table(all);
}

ExitCode answer_nagios(const Invocation& invocation) {
  try {
    const auto all = read_status(invocation.load_each());
    const State state = worst_state(all);
    std::cout << to_nagios(all);
    if (state == State::ok) return plugin_exit(NagiosCode::ok);
    return plugin_exit(state == State::degraded ? NagiosCode::warning : NagiosCode::critical);
  } catch (const Error& error) {
    const bool away = error.fault() == Fault::unavailable;
    std::string cause = error.what();
    cause = cause.substr(0, cause.find('\n'));
    std::cout << "AUTHKIT-MIRROR " << (away ? "CRITICAL" : "UNKNOWN") << " - " << cause << "\n";
    return plugin_exit(away ? NagiosCode::critical : NagiosCode::unknown);
  }
}

ExitCode show_status(const Invocation& invocation) {
  const auto all = read_status(invocation.load_each());
  std::cout << shown(all, invocation);
  return worst_state(all) == State::ok ? ExitCode::done : ExitCode::not_all_well;
}

/// Until somebody ends it. A database that is away is shown, too: that is what one watches for.
[[noreturn]] void watch_status(const Invocation& invocation) {
  constexpr std::chrono::seconds interval{2};
  const char* const before = isatty(STDOUT_FILENO) == 1 ? "\x1b[H\x1b[2J" : "";  // ECMA-48: to the top, clear all
  const std::vector<Config> environments = invocation.load_each();
  while (true) {
    std::string text;
    try {
      text = shown(read_status(environments), invocation);
    } catch (const Error& error) {
      text = std::string(error.what()) + "\n";
    }
    std::cout << before << text << std::flush;
    std::this_thread::sleep_for(interval);
  }
}

struct StatusArguments {
  bool nagios = false;
  bool watch = false;
};

CommandBody define_status(CLI::App& app) {
  auto arguments = std::make_shared<StatusArguments>();
  auto* const nagios =
      app.add_flag("--nagios", arguments->nagios, "one line and the exit codes of a Nagios plugin: 0, 1, 2, 3");
  app.add_flag("--watch", arguments->watch, "again every two seconds, until Ctrl-C")->excludes(nagios);
  return [arguments](const Invocation& invocation) {
    if (arguments->watch) watch_status(invocation);
    return arguments->nagios ? answer_nagios(invocation) : show_status(invocation);
  };
}

}  // namespace

constinit const Command status_command{"status", "Show how fresh and how complete the mirror is",
                                       "  authkit-mirror status\n"
                                       "  authkit-mirror status --watch\n"
                                       "  authkit-mirror status --json | jq .status\n"
                                       "  authkit-mirror status --nagios",
                                       true, define_status};

}  // namespace mirror::app
