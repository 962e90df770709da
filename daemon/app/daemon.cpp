#include "app/daemon.hpp"

#include <algorithm>
#include <thread>

#include "app/duration_text.hpp"
#include "app/listeners.hpp"
#include "app/mirrored_environment.hpp"
#include "app/reload.hpp"
#include "app/signals.hpp"
#include "app/systemd_notify.hpp"
#include "app/watchdog.hpp"
#include "http/health_handler.hpp"
#include "http/metrics_handler.hpp"
#include "http/status_page.hpp"
#include "http/wait_handler.hpp"

namespace mirror::app {
namespace {

/// In the order of wanted_environments(). Their number and names stay the same while the daemon runs.
using MirroredEnvironments = std::vector<std::unique_ptr<MirroredEnvironment>>;

MirroredEnvironments make_environments(const Config& config, const EngineFactory& make, Clock& clock) {
  const std::vector<Config> wanted = wanted_environments(config);
  // One of several that lacks its key is the trouble of that one; without any there is nothing to do.
  const bool has_any_key = std::ranges::any_of(wanted, [](const Config& each) { return !each.api.key.empty(); });
  if (!has_any_key) require_api_key(wanted.front());
  MirroredEnvironments environments;
  for (const Config& each : wanted) {
    environments.push_back(std::make_unique<MirroredEnvironment>(each, make, clock));
  }
  return environments;
}

/// Applies a changed configuration while everything runs. Used by the signal thread only.
class Reloader {
 public:
  Reloader(const Invocation& invocation, Config running, const MirroredEnvironments& environments)
      : invocation_(invocation), running_(std::move(running)), environments_(environments) {}

  /// Throws Error (misconfigured) if the new configuration is wrong; then nothing has changed.
  void reload() {
    const Config fresh = load_config(invocation_.sources());
    for (const std::string& warning : fresh.warnings) log::write(log::Level::warning, warning);
    const ReloadReport report = compare(running_, fresh);
    running_ = with_reloadable_keys(running_, fresh);
    log::set_level(running_.log.level);
    const std::vector<Config> wanted = wanted_environments(running_);
    for (std::size_t i = 0; i < environments_.size(); ++i) environments_[i]->apply(wanted[i]);
    log::info("{}", report.text());
  }

 private:
  const Invocation& invocation_;
  Config running_;
  const MirroredEnvironments& environments_;
};

/// systemd waits for the end of a reload, also of one that failed.
void reload_for_systemd(Reloader& reloader, const WatchedBoards& boards) {
  systemd::reloading();
  try {
    reloader.reload();
  } catch (...) {
    systemd::ready(status_line(boards));
    throw;
  }
  systemd::ready(status_line(boards));
}

WatchedBoards boards_of(const MirroredEnvironments& environments) {
  WatchedBoards boards;
  for (const auto& each : environments) boards.push_back({each->name(), &each->board()});
  return boards;
}

std::vector<std::string> names_of(const MirroredEnvironments& environments) {
  std::vector<std::string> names;
  for (const auto& each : environments) names.push_back(each->name());
  return names;
}

http::Routes routes_of(const MirroredEnvironments& environments, const Clock& clock, http::WaitHandler& waits) {
  http::EnvironmentViews views;
  for (const auto& each : environments) views.push_back(each->view());
  http::Routes routes;
  http::add_health_routes(routes, views);
  http::add_metrics_route(routes, views);
  http::add_status_page(routes, views, clock);
  waits.add_route(routes);
  return routes;
}

http::Routes webhook_routes_of(const MirroredEnvironments& environments) {
  http::Routes routes;
  for (const auto& each : environments) each->add_webhooks(routes, environments.size() == 1);
  return routes;
}

bool receives_webhooks(const MirroredEnvironments& environments) {
  return std::ranges::any_of(environments, [](const auto& each) { return each->has_webhook_secret(); });
}

std::string webhook_path_of(const MirroredEnvironments& environments) {
  return std::string{http::WebhookHandler::path} + (environments.size() == 1 ? "" : "/NAME");
}

/// Until a stop is requested. Several run side by side, and none ends for the other's sake.
void run_all(const MirroredEnvironments& environments, const std::stop_token& stop) {
  if (environments.size() == 1) return environments.front()->run(stop);
  std::vector<std::jthread> threads;
  for (const auto& each : environments) {
    threads.emplace_back([&environment = *each, stop] { environment.run_beside_others(stop); });
  }
}

}  // namespace

ExitCode run_daemon(const Invocation& invocation, const EngineFactory& make) {
  const Config config = invocation.load_all();
  block_signals();

  SystemClock clock;
  const MirroredEnvironments environments = make_environments(config, make, clock);
  const WatchedBoards boards = boards_of(environments);
  http::WaitHandler waits(config.database, names_of(environments), parse_duration);
  Listeners listeners(config, routes_of(environments, clock, waits), webhook_routes_of(environments),
                      receives_webhooks(environments));

  std::stop_source stop;
  Reloader reloader(invocation, config, environments);
  SignalThread signals(stop, [&] { reload_for_systemd(reloader, boards); });
  Watchdog watchdog(boards, clock, systemd::alive, systemd::status);
  if (const auto interval = systemd::watchdog_interval()) watchdog.start(*interval);

  listeners.log_addresses(webhook_path_of(environments));
  systemd::ready(status_line(boards));
  run_all(environments, stop.get_token());
  for (const auto& each : environments) each->note_stopping();
  systemd::stopping();
  waits.stop();
  listeners.stop();
  log::info("stopped");
  return ExitCode::done;
}

}  // namespace mirror::app
