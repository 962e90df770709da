#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http/handler.hpp"
#include "http/sample.hpp"
#include "http/webhook_options.hpp"
#include "support/clock.hpp"
#include "support/line_budget.hpp"
#include "sync/webhook_delivery.hpp"

namespace mirror::http {

/// Applies the body of a genuine webhook and returns once that is durable. Called by many threads at once. An Error
/// that passes by itself (unavailable, lease_lost, stopped) has the sender come again.
using WebhookSink = std::function<sync::Delivery(std::string_view body)>;

/// Receives one environment's webhooks at POST /webhooks/workos, or answers there that it can't without a secret. What
/// it answers decides what WorkOS does: 200 ends the matter, anything else is sent again
/// (https://workos.com/docs/events/data-syncing/webhooks). Thread-safe.
class WebhookHandler {
 public:
  static constexpr const char* path = "/webhooks/workos";

  /// `now` is the best known time, for the age of a signature. `clock` must outlive the handler.
  WebhookHandler(WebhookOptions options, WebhookSink sink, std::function<Instant()> now, const Clock& clock);

  /// Adds the path, or another one. The handler must outlive the server.
  void add_route(Routes& routes, const std::string& at = path);
  [[nodiscard]] bool has_secret() const { return !options_.secrets.empty(); }
  /// How many webhooks ended in which way since the start; nothing without a secret. Called by any thread.
  [[nodiscard]] std::vector<Sample> samples() const;

 private:
  enum class Result : std::uint8_t {
    applied,
    refused_signature,
    refused_stale,
    refused_address,
    malformed,
    too_large,
    too_late,
    unsupported_type,
    unavailable,
    failed
  };
  static constexpr std::array<const char*, 10> result_names{
      "applied",   "refused_signature", "refused_stale",    "refused_address", "malformed",
      "too_large", "too_late",          "unsupported_type", "unavailable",     "failed"};

  [[nodiscard]] std::optional<Response> refuse(const Request& request);
  [[nodiscard]] Response receive(const Request& request);
  [[nodiscard]] Response deliver(const std::string& body);
  [[nodiscard]] Response answer_delivery(sync::Delivery delivery);
  [[nodiscard]] Response refused(Result result, int status, const std::string& why);
  [[nodiscard]] Response come_again(const std::string& why);
  void count(Result result) { ++counts_[static_cast<std::size_t>(result)]; }
  void count_refusal(Result result, const std::string& why);

  const WebhookOptions options_;
  const WebhookSink sink_;
  const std::function<Instant()> now_;
  const Clock& clock_;
  LineBudget lines_{1, std::chrono::minutes{1}};  ///< by result: whoever floods the daemon must not flood its log too
  std::array<std::atomic<std::uint64_t>, result_names.size()> counts_{};
};

}  // namespace mirror::http
