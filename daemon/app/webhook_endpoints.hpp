#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>
#include <vector>

#include "api/api_client.hpp"
#include "api/operation_call.hpp"
#include "app/config.hpp"

namespace mirror::app {

/// The types of event that the daemon follows, and an endpoint is registered for.
std::vector<std::string> followed_event_types(const Config& config);

/// The environment's webhook endpoints at WorkOS. All members throw as api::send_call does. Not thread-safe.
class WebhookEndpoints {
 public:
  using Json = nlohmann::ordered_json;

  WebhookEndpoints(const Config& config, Clock& clock, std::stop_token stop);

  [[nodiscard]] std::vector<Json> list();
  /// The one whose member `key` has that value; null if there is none.
  [[nodiscard]] Json find(const char* key, const std::string& value);
  /// Its `secret` is told only now.
  Json create(const std::string& url, const std::vector<std::string>& types);
  /// Sets what is sent to it, and switches it on.
  Json update(const std::string& id, const std::vector<std::string>& types);
  void remove(const std::string& id);

 private:
  Json call(const char* operation, const Json& values);

  std::shared_ptr<api::ApiClient> client_;
  api::Identity identity_;
  std::stop_token stop_;
};

}  // namespace mirror::app
