#include "app/listeners.hpp"

#include <utility>

#include "support/log.hpp"
#include "support/version.hpp"

namespace mirror::app {
namespace {

http::HttpOptions apart(const Config& config) {
  http::HttpOptions options = http::for_webhooks(config.http);
  options.listen = config.webhook.listen;
  options.key = "webhook.listen";
  return options;
}

}  // namespace

Listeners::Listeners(const Config& config, http::Routes routes, http::WebhookHandler& webhooks) {
  if (config.webhook.listen.empty()) {
    webhooks.add_route(routes);
    const bool receives = !config.webhook.secrets.empty();
    main_.emplace(receives ? http::for_webhooks(config.http) : config.http, std::move(routes));
    return;
  }
  http::Routes only;
  webhooks.add_route(only);
  webhooks_.emplace(apart(config), std::move(only));
  main_.emplace(config.http, std::move(routes));
}

void Listeners::stop() {
  if (webhooks_) webhooks_->stop();
  main_->stop();
}

void Listeners::log_addresses() const {
  log::info("authkit-mirror {}: health at http://{}/healthz", version(), main_->address());
  if (webhooks_) log::info("webhooks at http://{}{}", webhooks_->address(), http::WebhookHandler::path);
}

}  // namespace mirror::app
