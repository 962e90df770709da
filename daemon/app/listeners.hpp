#pragma once

#include <optional>

#include "app/config.hpp"
#include "http/server.hpp"
#include "http/webhook_handler.hpp"

namespace mirror::app {

/// The daemon's HTTP: one server, or a second one at `webhook.listen`, which may face the internet and therefore
/// serves webhooks and nothing else.
class Listeners {
 public:
  /// `webhooks` must outlive it. Throws Error (misconfigured) if an address can't be had.
  Listeners(const Config& config, http::Routes routes, http::WebhookHandler& webhooks);

  /// Like http::Server::stop().
  void stop();
  void log_addresses() const;

 private:
  std::optional<http::Server> webhooks_;
  std::optional<http::Server> main_;
};

}  // namespace mirror::app
