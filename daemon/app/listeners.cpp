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

Listeners::Listeners(const Config& config, http::Routes routes, http::Routes webhooks, bool receives) {
  if (config.webhook.listen.empty()) {
    routes.merge(std::move(webhooks));
    main_.emplace(receives ? http::for_webhooks(config.http) : config.http, std::move(routes));
    return;
  }
  webhooks_.emplace(apart(config), std::move(webhooks));
  main_.emplace(config.http, std::move(routes));
}

void Listeners::stop() {
  if (webhooks_) webhooks_->stop();
  main_->stop();
}

void Listeners::log_addresses(const std::string& webhook_path) const {
  log::info("authkit-mirror {}: health at http://{}/healthz", version(), main_->address());
  if (webhooks_) log::info("webhooks at http://{}{}", webhooks_->address(), webhook_path);
}

}  // namespace mirror::app
