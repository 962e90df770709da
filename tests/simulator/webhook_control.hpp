#pragma once

#include "tests/simulator/http_message.hpp"
#include "tests/simulator/webhook_sender.hpp"

namespace mirror::simulator {

/// Answers /_simulator/webhooks: GET shows the counters, POST sets webhooks up, DELETE ends them. Thread-safe as far as
/// the sender is; the caller must not hold the directory's lock.
Answer control_webhooks(WebhookSender& sender, const Request& request);

}  // namespace mirror::simulator
