#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace mirror::http {

/// How the daemon's own server listens; `listen` is filled from the section [http] of the configuration. The limits
/// are no options: what this server answers is small, and whoever asks for more is not one of its clients.
struct HttpOptions {
  std::string listen = "127.0.0.1:8464";  ///< host:port, [ipv6]:port; port 0 takes any free one
  int threads = 4;
  int queued_connections = 32;          ///< further ones are refused
  std::size_t body_limit = 256 * 1024;  ///< bytes
  std::chrono::seconds timeout{10};     ///< for each read of a request and each write of an answer
};

/// `listen` taken apart. A plain value.
struct ListenAddress {
  std::string host;
  unsigned short port = 0;
};

/// Throws Error (misconfigured) if `text` is not host:port.
ListenAddress parse_listen_address(const std::string& text);

}  // namespace mirror::http
