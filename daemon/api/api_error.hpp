#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/error.hpp"
#include "support/instant.hpp"

namespace mirror::api {

struct HttpRequest;
struct HttpResponse;

/// One entry of an error body's `errors`; what the API left out is empty.
struct ApiErrorItem {
  std::string code;
  std::string field;
  std::string message;
};

/// What an answer said went wrong.
struct ApiProblem {
  int status = 0;
  std::string code;
  std::string message;
  std::string request_id;  ///< for WorkOS' support
  std::vector<ApiErrorItem> errors;
  std::optional<std::chrono::milliseconds> retry_after;  ///< 0 to 60 s
  std::optional<Instant> answered_at;                    ///< the answer's Date, or the API's time as known otherwise
  /// The answer has the form of the API. A 404 without it says nothing about an object: it came from something
  /// else on the way, or from a wrong base URL.
  bool from_workos = false;
  /// The body as received if it is from WorkOS: what a sign-in needs to go on is in there, and so are personal data.
  /// For whoever made the call, never for a log.
  std::string body;
};

/// An answer that is not what was asked for. 401 and 403 are refused unless their code speaks of whoever signs in,
/// these and other 4xx bad_data (look at the status), and everything that may pass by itself is unavailable.
class ApiError : public Error {
 public:
  ApiError(Fault fault, const std::string& text, std::string next_step, ApiProblem problem)
      : Error(fault, text, std::move(next_step)), problem_(std::move(problem)) {}

  [[nodiscard]] int status() const noexcept { return problem_.status; }
  [[nodiscard]] const std::string& code() const noexcept { return problem_.code; }
  [[nodiscard]] const std::string& message() const noexcept { return problem_.message; }
  [[nodiscard]] const std::string& request_id() const noexcept { return problem_.request_id; }
  [[nodiscard]] const std::vector<ApiErrorItem>& errors() const noexcept { return problem_.errors; }
  [[nodiscard]] std::optional<std::chrono::milliseconds> retry_after() const noexcept { return problem_.retry_after; }
  [[nodiscard]] std::optional<Instant> answered_at() const noexcept { return problem_.answered_at; }
  [[nodiscard]] bool from_workos() const noexcept { return problem_.from_workos; }
  [[nodiscard]] const std::string& body() const noexcept { return problem_.body; }

 private:
  ApiProblem problem_;
};

/// A successful answer whose body is cut or garbled. The next attempt may bring it whole.
class InvalidBody : public Error {
 public:
  explicit InvalidBody(const std::string& message) : Error(Fault::unavailable, message) {}
};

/// What an answer is read with.
struct AnswerContext {
  std::string_view secret;          ///< cut out of every text
  Instant wall;                     ///< the host's time, for a Retry-After date in an answer without a Date
  std::optional<Instant> api_time;  ///< for an answer without a Date
};

/// The error for an answer that is not a 2xx with JSON.
ApiError make_api_error(const HttpRequest& request, const HttpResponse& response, const AnswerContext& context);

/// True for a 2xx that carries JSON.
bool is_json_success(const HttpResponse& response);

/// A text of the other side, fit for a log: one line, at most 300 bytes, no secret, nothing that looks like an email.
std::string presentable(std::string_view text, std::string_view secret);

}  // namespace mirror::api
