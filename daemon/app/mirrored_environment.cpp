#include "app/mirrored_environment.hpp"

#include "app/api_key.hpp"
#include "support/log.hpp"
#include "support/thread_label.hpp"

namespace mirror::app {
namespace {

constexpr const char* broken_code = "engine_failed";
constexpr const char* no_key_code = "no_api_key";
constexpr std::chrono::minutes rest_after_bug{1};

http::WebhookOptions webhook_options(const Config& config) {
  http::WebhookOptions options = config.webhook;
  if (!config.section.empty()) options.environment = config.sync.environment;
  return options;
}

}  // namespace

MirroredEnvironment::MirroredEnvironment(const Config& config, const EngineFactory& make, Clock& clock)
    : name_(config.sync.environment),
      lack_of_key_(lack_of_api_key(config)),
      clock_(clock),
      board_(clock),
      engine_(make(config, board_, clock)),
      health_(board_, clock, config.sync),
      webhooks_(
          webhook_options(config), [this](std::string_view body) { return engine_->deliver(body); },
          [this] { return best_known_time(); }, clock) {}

void MirroredEnvironment::run(const std::stop_token& stop) {
  engine_->run(stop, sync::HopelessStart::ends_run);
}

void MirroredEnvironment::run_beside_others(const std::stop_token& stop) noexcept {
  label_thread(name_);
  if (lack_of_key_) {
    const std::string next_step =
        lack_of_key_->next_step() + "; `authkit-mirror check` tells of one that can't be read; then restart the daemon";
    log::error("{}: this environment is not mirrored, the others are. Next: {}", lack_of_key_->what(), next_step);
    board_.raise(no_key_code, "", sync::Severity::failing, lack_of_key_->what(), next_step);
    return;
  }
  while (!stop.stop_requested()) {
    try {
      board_.clear(broken_code);
      return engine_->run(stop, sync::HopelessStart::rests);
    } catch (const std::exception& error) {
      log::error("the engine failed: {}; trying again in a minute", error.what());
      board_.raise(broken_code, "", sync::Severity::failing, error.what(), "report this bug with the log");
      clock_.wait_for(rest_after_bug, stop);
    }
  }
}

void MirroredEnvironment::apply(const Config& config) {
  health_.set_options(config.sync);
  engine_->apply(config);
}

void MirroredEnvironment::add_webhooks(http::Routes& routes, bool is_only_one) {
  if (is_only_one) webhooks_.add_route(routes);
  webhooks_.add_route(routes, std::string{http::WebhookHandler::path} + "/" + name_);
}

http::EnvironmentView MirroredEnvironment::view() const {
  return {name_, &board_, &health_, [this] { return samples(); }};
}

/// A host whose clock is wrong must not refuse all webhooks: the API's time counts as soon as it is known.
Instant MirroredEnvironment::best_known_time() const {
  const auto known = engine_->api_time();
  return known ? *known : clock_.wall();
}

std::vector<http::Sample> MirroredEnvironment::samples() const {
  auto samples = engine_->samples();
  const auto received = webhooks_.samples();
  samples.insert(samples.end(), received.begin(), received.end());
  return samples;
}

}  // namespace mirror::app
