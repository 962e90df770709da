#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "support/secret.hpp"

namespace mirror::api {

/// Where the API is, from api.base_url. A plain value.
struct Endpoint {
  bool tls = true;
  std::string host;  ///< an IPv6 address without brackets
  std::uint16_t port = 443;
  std::string path_prefix;  ///< without a slash at its end; mostly empty

  /// For messages and the Host header: the port only if it is not the scheme's own.
  [[nodiscard]] std::string authority() const;
  /// Always with the port, as CONNECT wants it.
  [[nodiscard]] std::string host_and_port() const;
};

/// Throws Error (misconfigured).
Endpoint parse_base_url(const std::string& base_url);

/// An HTTP proxy on the way to the API.
struct Proxy {
  std::string host;
  std::uint16_t port = 80;
  Secret authorization;  ///< value of Proxy-Authorization; empty if the proxy asks for none
};

/// Reads one environment variable; empty if it is not set.
using Environment = std::function<std::optional<std::string>(const char* name)>;

/// The process's own environment.
Environment process_environment();

/// The proxy that HTTPS_PROXY or HTTP_PROXY (by the endpoint's scheme; lower case first) and NO_PROXY ask for. A
/// loopback endpoint never goes through a proxy. Throws Error (misconfigured) for a proxy address that can't be read.
std::optional<Proxy> find_proxy(const Endpoint& endpoint, const Environment& environment);

}  // namespace mirror::api
