#include "api/api_call.hpp"

#include "support/version.hpp"

namespace mirror::api {

HttpRequest make_request(const ApiCall& call, const Secret& key) {
  HttpRequest request{call.method, call.target, {}, call.body};
  if (call.shows_key) request.headers.emplace_back("Authorization", "Bearer " + key.expose());
  request.headers.emplace_back("User-Agent", std::string("authkit-mirror/") + version());
  request.headers.emplace_back("Accept", "application/json");
  if (!call.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  if (!call.idempotency_key.empty()) request.headers.emplace_back("Idempotency-Key", call.idempotency_key);
  return request;
}

}  // namespace mirror::api
