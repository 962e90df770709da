#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "support/deadline.hpp"

namespace mirror::api {

/// One request as it goes onto the wire. `target` is path and query, already percent-encoded.
struct HttpRequest {
  std::string method = "GET";
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

/// One answer. Header names are lower-case; the body is complete and inflated.
struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  /// Empty if there is none; the first if there are several.
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;
};

/// Sends one request and gives one answer, or throws Error (unavailable, misconfigured for a bad certificate or URL,
/// stopped). An answer is whole: a body that ends early, is larger than the cap or takes longer than the deadline is an
/// error, never a short string. Follows no redirect. Thread-safe.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  virtual HttpResponse send(const HttpRequest& request, Deadline deadline, const std::stop_token& stop) = 0;
};

}  // namespace mirror::api
