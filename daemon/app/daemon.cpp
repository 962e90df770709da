#include "app/daemon.hpp"

#include "app/reload.hpp"
#include "app/signals.hpp"
#include "app/systemd_notify.hpp"
#include "app/watchdog.hpp"
#include "http/health_handler.hpp"
#include "http/metrics_handler.hpp"
#include "http/server.hpp"
#include "support/version.hpp"

namespace mirror::app {
namespace {

/// Applies a changed configuration while everything runs. Used by the signal thread only.
class Reloader {
 public:
  Reloader(const Invocation& invocation, Config running, Engine& engine, http::Health& health)
      : invocation_(invocation), running_(std::move(running)), engine_(engine), health_(health) {}

  /// Throws Error (misconfigured) if the new configuration is wrong; then nothing has changed.
  void reload() {
    const Config fresh = load_config(invocation_.sources());
    for (const std::string& warning : fresh.warnings) log::warn("{}", warning);
    const ReloadReport report = compare(running_, fresh);
    running_ = with_reloadable_keys(running_, fresh);
    log::set_level(running_.log.level);
    health_.set_options(running_.sync);
    engine_.apply(running_);
    log::info("{}", report.text());
  }

 private:
  const Invocation& invocation_;
  Config running_;
  Engine& engine_;
  http::Health& health_;
};

/// systemd waits for the end of a reload, also of one that failed.
void reload_for_systemd(Reloader& reloader, const sync::StatusBoard& board) {
  systemd::reloading();
  try {
    reloader.reload();
  } catch (...) {
    systemd::ready(status_line(board));
    throw;
  }
  systemd::ready(status_line(board));
}

http::Routes routes_of(const sync::StatusBoard& board, const http::Health& health, const Engine& engine) {
  http::Routes routes;
  http::add_health_routes(routes, health);
  http::add_metrics_route(routes, board, health, [&engine] { return engine.samples(); });
  return routes;
}

}  // namespace

ExitCode run_daemon(const Invocation& invocation, const EngineFactory& make) {
  const Config config = invocation.load();
  require_api_key(config);
  block_signals();

  SystemClock clock;
  sync::StatusBoard board(clock);
  const std::unique_ptr<Engine> engine = make(config, board, clock);
  http::Health health(board, clock, config.sync);
  http::Server server(config.http, routes_of(board, health, *engine));

  std::stop_source stop;
  Reloader reloader(invocation, config, *engine, health);
  SignalThread signals(stop, [&] { reload_for_systemd(reloader, board); });
  Watchdog watchdog(board, clock, systemd::alive, systemd::status);
  if (const auto interval = systemd::watchdog_interval()) watchdog.start(*interval);

  log::info("authkit-mirror {}: health at http://{}/healthz", version(), server.address());
  systemd::ready(status_line(board));
  engine->run(stop.get_token());
  board.set_role(sync::Role::stopping);
  systemd::stopping();
  server.stop();
  log::info("stopped");
  return ExitCode::done;
}

}  // namespace mirror::app
