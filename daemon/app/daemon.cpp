#include "app/daemon.hpp"

#include "app/duration_text.hpp"
#include "app/listeners.hpp"
#include "app/reload.hpp"
#include "app/signals.hpp"
#include "app/systemd_notify.hpp"
#include "app/watchdog.hpp"
#include "http/health_handler.hpp"
#include "http/metrics_handler.hpp"
#include "http/status_page.hpp"
#include "http/wait_handler.hpp"
#include "http/webhook_handler.hpp"

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
    for (const std::string& warning : fresh.warnings) log::write(log::Level::warning, warning);
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

/// A host whose clock is wrong must not refuse all webhooks: the API's time counts as soon as it is known.
Instant best_known_time(const Engine& engine, const Clock& clock) {
  const auto known = engine.api_time();
  return known ? *known : clock.wall();
}

http::WebhookHandler make_webhooks(const Config& config, Engine& engine, const Clock& clock) {
  return {config.webhook, [&engine](std::string_view body) { return engine.deliver(body); },
          [&engine, &clock] { return best_known_time(engine, clock); }, clock};
}

std::vector<http::Sample> all_samples(const Engine& engine, const http::WebhookHandler& webhooks) {
  auto samples = engine.samples();
  const auto received = webhooks.samples();
  samples.insert(samples.end(), received.begin(), received.end());
  return samples;
}

http::Routes routes_of(const Config& config, const sync::StatusBoard& board, const http::Health& health,
                       const Clock& clock, const Engine& engine, const http::WebhookHandler& webhooks,
                       http::WaitHandler& waits) {
  const auto samples = [&engine, &webhooks] { return all_samples(engine, webhooks); };
  http::Routes routes;
  http::add_health_routes(routes, health);
  http::add_metrics_route(routes, board, health, samples);
  waits.add_route(routes);
  http::add_status_page(routes, board, health, clock, config.sync.environment, samples);
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
  http::WebhookHandler webhooks = make_webhooks(config, *engine, clock);
  http::WaitHandler waits(config.database, config.sync.environment, parse_duration);
  Listeners listeners(config, routes_of(config, board, health, clock, *engine, webhooks, waits), webhooks);

  std::stop_source stop;
  Reloader reloader(invocation, config, *engine, health);
  SignalThread signals(stop, [&] { reload_for_systemd(reloader, board); });
  Watchdog watchdog(board, clock, systemd::alive, systemd::status);
  if (const auto interval = systemd::watchdog_interval()) watchdog.start(*interval);

  listeners.log_addresses();
  systemd::ready(status_line(board));
  engine->run(stop.get_token());
  board.set_role(sync::Role::stopping);
  systemd::stopping();
  waits.stop();
  listeners.stop();
  log::info("stopped");
  return ExitCode::done;
}

}  // namespace mirror::app
