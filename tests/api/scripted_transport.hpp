#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "api/http_transport.hpp"
#include "support/error.hpp"

namespace mirror::api::tests {

/// An answer as WorkOS gives it.
inline HttpResponse json_response(int status, std::string body) {
  return {status,
          {{"content-type", "application/json"}, {"date", "Thu, 15 Jan 2026 12:00:00 GMT"}, {"x-request-id", "req_1"}},
          std::move(body)};
}

/// Answers what it was told to, in order, then empty lists, and remembers what it was asked.
class ScriptedTransport final : public HttpTransport {
 public:
  using Step = std::function<HttpResponse()>;

  HttpResponse send(const HttpRequest& request, Deadline, const std::stop_token&) override {
    requests.push_back(request);
    if (steps.empty()) return json_response(200, empty_list);
    const Step step = steps.front();
    steps.pop_front();
    return step();
  }

  void answer(HttpResponse response) {
    steps.push_back([response] { return response; });
  }
  void fail(Fault fault) {
    steps.push_back([fault]() -> HttpResponse { throw Error(fault, "scripted"); });
  }

  static constexpr const char* empty_list = R"({"object":"list","data":[],"list_metadata":{"after":null}})";
  std::deque<Step> steps;
  std::vector<HttpRequest> requests;
};

}  // namespace mirror::api::tests
