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

MirrorStatus read_status(const Config& config) {
  db::Connection connection(config.database, "status");
  db::Migrator{connection}.require_current();
  return judge_mirror(db::read_overview(connection, config.sync.environment), config.sync,
                      ask_daemon_health(config.http.listen));
}

std::string shown(const MirrorStatus& status, const Invocation& invocation, const Config& config) {
  return invocation.json ? to_json(status, config.sync.environment) : to_table(status);
}

ExitCode answer_nagios(const Invocation& invocation) {
  try {
    const MirrorStatus status = read_status(invocation.load());
    std::cout << to_nagios(status);
    if (status.state == State::ok) return plugin_exit(NagiosCode::ok);
    return plugin_exit(status.state == State::degraded ? NagiosCode::warning : NagiosCode::critical);
  } catch (const Error& error) {
    const bool away = error.fault() == Fault::unavailable;
    std::string cause = error.what();
    cause = cause.substr(0, cause.find('\n'));
    std::cout << "AUTHKIT-MIRROR " << (away ? "CRITICAL" : "UNKNOWN") << " - " << cause << "\n";
    return plugin_exit(away ? NagiosCode::critical : NagiosCode::unknown);
  }
}

ExitCode show_status(const Invocation& invocation) {
  const Config config = invocation.load();
  const MirrorStatus status = read_status(config);
  std::cout << shown(status, invocation, config);
  return status.state == State::ok ? ExitCode::done : ExitCode::not_all_well;
}

/// Until somebody ends it. A database that is away is shown, too: that is what one watches for.
[[noreturn]] void watch_status(const Invocation& invocation) {
  constexpr std::chrono::seconds interval{2};
  const char* const before = isatty(STDOUT_FILENO) == 1 ? "\x1b[H\x1b[2J" : "";  // ECMA-48: to the top, clear all
  const Config config = invocation.load();
  while (true) {
    std::string text;
    try {
      text = shown(read_status(config), invocation, config);
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
