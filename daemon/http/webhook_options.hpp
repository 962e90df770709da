#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "http/address_list.hpp"
#include "http/http_options.hpp"
#include "support/secret.hpp"

namespace mirror::http {

/// How webhooks are received; filled from the section [webhook] of the configuration.
struct WebhookOptions {
  std::string listen{};           ///< an address of their own; empty: they arrive at http.listen
  std::vector<Secret> secrets{};  ///< all that are valid now; empty: no webhooks
  std::chrono::milliseconds tolerance{180'000};
  AddressList allow{};        ///< empty: from everywhere
  std::string environment{};  ///< whose they are, for the log; empty where there is only one
};

/// `base` with what a server of webhooks needs: WorkOS keeps connections, sends on many of them at once, and each
/// delivery holds its thread until the commit.
HttpOptions for_webhooks(HttpOptions base);

}  // namespace mirror::http
