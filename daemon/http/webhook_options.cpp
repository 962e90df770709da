#include "http/webhook_options.hpp"

namespace mirror::http {

HttpOptions for_webhooks(HttpOptions base) {
  base.threads = 64;
  base.queued_connections = 256;
  base.keep_alive = std::chrono::seconds{5};
  return base;
}

}  // namespace mirror::http
