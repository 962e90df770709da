#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "api/api_call.hpp"
#include "api/api_options.hpp"

namespace mirror::api {
class ApiError;
}

namespace mirror::app {

/// The address of a call.
std::string url_of(const api::ApiOptions& options, const api::ApiCall& call);

/// Prints an answer to stdout: as JSON, or for people. A note about further pages goes to stderr. Throws Error
/// (unavailable) if stdout can't be written.
void print_answer(const nlohmann::ordered_json& answer, bool as_json);

/// Prints what the API refused as JSON, with its answer: a sign-in goes on with what is in there.
void print_failure(const api::ApiError& error);

/// Prints a request that is not sent. The call's secrets must be hidden already.
void print_request(const api::ApiOptions& options, const api::ApiCall& call, bool as_json);

/// Prints a list item by item, as they come. Throws Error (unavailable) if stdout can't be written. Not thread-safe.
class ListOutput {
 public:
  explicit ListOutput(bool as_json) : as_json_(as_json) {}
  /// False if nobody reads any more.
  bool add(const nlohmann::ordered_json& item);
  /// After the last item; without it the JSON is visibly cut.
  void finish() const;

 private:
  bool as_json_;
  bool is_empty_ = true;
};

}  // namespace mirror::app
