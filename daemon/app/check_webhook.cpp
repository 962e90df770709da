#include "app/check_webhook.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>

#include "app/daemon_client.hpp"
#include "app/webhook_trial.hpp"
#include "support/error.hpp"

namespace mirror::app {
namespace {

/// What a command about one of several environments needs.
std::string environment_flag(const Config& config) {
  return config.section.empty() ? "" : " --environment " + config.sync.environment;
}

CheckLine not_tried(const std::string& detail, const std::string& next_step) {
  return {"webhook", CheckResult::warning, detail, next_step, {}};
}

/// A port of zero is another one at each start: nobody knows where that daemon listens.
std::string role_of_daemon(const Config& config) {
  const auto health = ask_daemon_health(config.http.listen, config.sync.environment);
  if (!health) return "";
  const auto parsed = nlohmann::json::parse(*health, nullptr, false);
  return parsed.value("role", "unknown");
}

}  // namespace

CheckLine check_webhook(const Config& config, Clock& clock) {
  if (config.webhook.secrets.empty()) {
    // Nothing is wrong with that: webhooks only make it faster.
    return {"webhook",
            CheckResult::ok,
            "no secret is configured: events come by polling, within some seconds",
            fmt::format("`authkit-mirror webhook register https://HOST{}{} --secret-file FILE`, if that is too late",
                        webhook_path(config), environment_flag(config)),
            {}};
  }
  const std::string role = role_of_daemon(config);
  if (role.empty()) {
    return not_tried(fmt::format("not tried: no daemon answers at {}", config.http.listen),
                     "start it (systemctl start authkit-mirror), then run this again");
  }
  if (role != "writer") {
    return not_tried(fmt::format("not tried: the daemon at {} does not write now ({})", config.http.listen, role),
                     "run this where the writer runs; `authkit-mirror status` names it");
  }
  const std::string url = own_webhook_url(config);
  try {
    const auto took = try_webhook({url, config.webhook.secrets.front(), config.api.ca_file}, clock, std::stop_token{});
    return {"webhook", CheckResult::ok, fmt::format("{} took a signed event, in {} ms", url, took.count()), "", {}};
  } catch (const SenderNotAllowed&) {
    return not_tried("not tried from here: webhook.allow leaves out this host",
                     "`authkit-mirror webhook test ADDRESS` from an address that it names, or through the proxy");
  } catch (const Error& error) {
    return {"webhook", CheckResult::failed, error.what(), error.next_step(), exit_code(error.fault())};
  }
}

}  // namespace mirror::app
