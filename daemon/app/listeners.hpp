#pragma once

#include <optional>
#include <string>

#include "app/config.hpp"
#include "http/server.hpp"

namespace mirror::app {

/// The daemon's HTTP: one server, or a second one at `webhook.listen`, which may face the internet and therefore
/// serves webhooks and nothing else.
class Listeners {
 public:
  /// `webhooks` go to their own address if there is one; `receives`: they have a secret. Throws Error (misconfigured)
  /// if an address can't be had.
  Listeners(const Config& config, http::Routes routes, http::Routes webhooks, bool receives);

  /// Like http::Server::stop().
  void stop();
  /// `webhook_path`: where webhooks arrive, for a person.
  void log_addresses(const std::string& webhook_path) const;

 private:
  std::optional<http::Server> webhooks_;
  std::optional<http::Server> main_;
};

}  // namespace mirror::app
