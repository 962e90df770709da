#include "app/webhook_trial.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <nlohmann/json.hpp>

#include "api/operation_call.hpp"
#include "api/poco_transport.hpp"
#include "http/webhook_handler.hpp"
#include "support/error.hpp"
#include "support/version.hpp"

namespace mirror::app {
namespace {

constexpr std::chrono::seconds patience{15};

std::string trial_event(Instant now) {
  return nlohmann::ordered_json{{"object", "event"},
                                {"id", "event_test_" + api::new_idempotency_key()},
                                {"event", trial_event_type},
                                {"data", nlohmann::ordered_json::object()},
                                {"created_at", to_string(now)}}
      .dump();
}

/// https://workos.com/docs/events/data-syncing/webhooks: HMAC-SHA256 of milliseconds, a dot, the body.
std::string signature(const Secret& secret, Instant now, const std::string& body) {
  const std::string time = std::to_string(now.microseconds / 1000);
  const std::string signed_text = time + "." + body;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  const std::string& key = secret.expose();
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(signed_text.data()), signed_text.size(), digest.data(),
           &size) == nullptr) {
    throw Error(Fault::bug, "HMAC-SHA256 does not work");
  }
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return fmt::format("t={}, v1={}", time, hex);
}

api::ApiOptions endpoint_of(const WebhookTrial& trial) {
  if (!trial.url.starts_with("http://") && !trial.url.starts_with("https://")) {
    throw Error(Fault::usage, trial.url + " is no address of a webhook endpoint",
                "write http(s)://HOST/webhooks/workos");
  }
  api::ApiOptions options;
  options.base_url = trial.url;
  options.ca_file = trial.ca_file;
  return options;
}

/// What the daemon says of it, if it is our daemon.
std::string cause_of(const api::HttpResponse& response) {
  const auto body = nlohmann::json::parse(response.body, nullptr, false);
  const bool is_ours = body.is_object() && body.contains("message") && body["message"].is_string();
  return is_ours ? body["message"].get<std::string>() : "an answer that is not authkit-mirror's";
}

[[noreturn]] void fail(const WebhookTrial& trial, const api::HttpResponse& response) {
  const std::string text = fmt::format("{} answered {}: {}", trial.url, response.status, cause_of(response));
  switch (response.status) {
    case 401:
      throw Error(Fault::refused, text,
                  "Give the daemon this endpoint's secret and restart it, and check this host's clock.");
    case 403:
      throw SenderNotAllowed(Fault::refused, text,
                             "Add this host to webhook.allow, or send the test from where WorkOS sends.");
    case 503:
      throw Error(Fault::unavailable, text,
                  "Look at `authkit-mirror status`: a standby or a daemon without database writes nothing.");
    default:
      throw Error(Fault::misconfigured, text,
                  "Check the address, and that webhook.secret_file is set where the daemon runs.");
  }
}

}  // namespace

std::string webhook_path(const Config& config) {
  return std::string{http::WebhookHandler::path} + (config.section.empty() ? "" : "/" + config.sync.environment);
}

std::string own_webhook_url(const Config& config) {
  const std::string& listen = config.webhook.listen.empty() ? config.http.listen : config.webhook.listen;
  return fmt::format("http://{}{}", listen, webhook_path(config));
}

std::chrono::milliseconds try_webhook(const WebhookTrial& trial, Clock& clock, const std::stop_token& stop) {
  api::PocoTransport transport(endpoint_of(trial));
  const Instant now = clock.wall();
  const std::string body = trial_event(now);
  const api::HttpRequest request{"POST",
                                 "",
                                 {{"Content-Type", "application/json"},
                                  {"User-Agent", std::string("authkit-mirror/") + version()},
                                  {"WorkOS-Signature", signature(trial.secret, now, body)}},
                                 body};
  const auto begin = clock.now();
  const api::HttpResponse response = transport.send(request, Deadline::after(patience), stop);
  if (response.status != 200) fail(trial, response);
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock.now() - begin);
}

}  // namespace mirror::app
