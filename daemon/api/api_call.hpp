#pragma once

#include <string>

#include "api/http_transport.hpp"
#include "support/secret.hpp"

namespace mirror::api {

/// One request to WorkOS, however many attempts it takes. A plain value.
struct ApiCall {
  std::string method = "GET";
  std::string target{};           ///< path and query, percent-encoded
  std::string shown_target{};     ///< what errors call it, without secrets; empty: `target`
  std::string body{};             ///< JSON; empty: none
  std::string idempotency_key{};  ///< the same for all attempts; empty: none
  bool shows_key = true;          ///< the API key goes with it as bearer token
  bool is_repeatable = true;      ///< an attempt whose answer was lost may be repeated
  bool may_be_empty = false;      ///< success needs no body
};

/// An attempt of it as it goes onto the wire.
HttpRequest make_request(const ApiCall& call, const Secret& key);

}  // namespace mirror::api
