#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "api/api_error.hpp"
#include "api/event_page.hpp"

namespace mirror::api {

class ApiClient;

/// Where a page of events begins: behind a cursor, or at an instant.
struct EventQuery {
  std::vector<std::string> types;
  std::optional<std::string> after;    ///< id of an event that `GET /events` returned
  std::optional<Instant> range_start;  ///< only without `after`
  std::optional<Instant> range_end;
  int limit = 100;  ///< 1 to 100
};

/// The API knows no events of that name: one such name fails the whole request
/// (github.com/workos/workos-node/issues/1391).
class UnknownEventType : public ApiError {
 public:
  UnknownEventType(const ApiError& cause, std::string type) : ApiError(cause), type_(std::move(type)) {}
  /// Empty if the API did not say which one it is.
  [[nodiscard]] const std::string& type() const noexcept { return type_; }

 private:
  std::string type_;
};

/// `GET /events`. Throws ApiError (see api_error.hpp). Thread-safe.
class EventsApi {
 public:
  explicit EventsApi(std::shared_ptr<ApiClient> client) : client_(std::move(client)) {}

  /// One page, oldest first, in the limiter's tail lane. Throws UnknownEventType.
  [[nodiscard]] EventPage list(const EventQuery& query, const std::stop_token& stop) const;

 private:
  std::shared_ptr<ApiClient> client_;
};

}  // namespace mirror::api
