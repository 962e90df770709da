#pragma once

#include <chrono>
#include <stop_token>
#include <string>

#include "app/config.hpp"
#include "support/clock.hpp"
#include "support/error.hpp"
#include "support/secret.hpp"

namespace mirror::app {

/// Where a test webhook goes and how it is signed.
struct WebhookTrial {
  std::string url;      ///< of the endpoint, http or https
  Secret secret;        ///< the one that the daemon should know
  std::string ca_file;  ///< PEM bundle to trust instead of the system's; empty: the system's
};

/// The type of the test event. It tells of no mirrored object: the daemon archives it and changes nothing else.
inline constexpr const char* trial_event_type = "authkit_mirror.test";

/// Webhooks are not accepted from where this runs (`webhook.allow`): that says nothing about those of WorkOS.
class SenderNotAllowed : public Error {
 public:
  using Error::Error;
};

/// Of the daemon's endpoint for this environment: "/webhooks/workos", or that with the name of one of several.
std::string webhook_path(const Config& config);

/// Where the daemon of this configuration takes webhooks, as seen from its own host.
std::string own_webhook_url(const Config& config);

/// Sends one signed test event as WorkOS would, and returns how long it took until the daemon had committed it. Throws
/// Error: usage for an unusable address, unavailable if nobody answers or the daemon asks to come again, refused if it
/// does not accept the signature, SenderNotAllowed, misconfigured if no daemon with webhooks answers there.
std::chrono::milliseconds try_webhook(const WebhookTrial& trial, Clock& clock, const std::stop_token& stop);

}  // namespace mirror::app
