#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "reconcile/plan.hpp"

namespace mirror::api {
class ApiClient;
}

namespace mirror::reconcile {

/// An object at the API, as far as plans are about it.
struct LiveObject {
  std::string id;
  Fields fields;           ///< under the names that plans use
  std::string updated_at;  ///< ISO 8601
  std::string request_id;
};

/// What is asked of the API and told to it while a plan is applied: by the operations of the catalogue, in the lowest
/// lane of the limiter (rule R14). Throws ApiError, Error (unavailable, stopped). Not thread-safe.
class DirectoryCalls {
 public:
  DirectoryCalls(std::shared_ptr<api::ApiClient> client, std::stop_token stop)
      : client_(std::move(client)), stop_(std::move(stop)) {}

  /// An object of a mirrored table by its id; empty if the API says that there is none.
  [[nodiscard]] std::optional<LiveObject> get(std::string_view table, const std::string& id) const;
  [[nodiscard]] std::optional<LiveObject> user_by_email(const std::string& email) const;
  [[nodiscard]] std::optional<LiveObject> user_by_external_id(const std::string& external_id) const;
  /// Of that user in that organization, in any state.
  [[nodiscard]] std::optional<LiveObject> membership(const std::string& user_id,
                                                     const std::string& organization_id) const;
  /// Pending ones to that address, into that organization or into none.
  [[nodiscard]] std::vector<LiveObject> open_invitations(const std::string& email,
                                                         const std::string& organization_id) const;

  /// Sends the request of `action`, whose user is `user_id` if it adds a membership. A create is sent once only: an
  /// Error (unavailable) leaves open whether it was carried out. Of a removal only the request id comes back.
  [[nodiscard]] LiveObject send(const Action& action, const std::string& user_id,
                                const std::string& idempotency_key) const;

 private:
  [[nodiscard]] std::vector<nlohmann::json> list(const char* operation, const nlohmann::json& values) const;

  std::shared_ptr<api::ApiClient> client_;
  std::stop_token stop_;
};

}  // namespace mirror::reconcile
