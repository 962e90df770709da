#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace mirror::http {

/// How a server of the daemon listens; `listen` is filled from the section [http] of the configuration. The limits
/// are no options: what this server answers is small, and whoever asks for more is not one of its clients.
struct HttpOptions {
  std::string listen = "127.0.0.1:8464";  ///< host:port, [ipv6]:port; port 0 takes any free one
  std::string key = "http.listen";        ///< where `listen` comes from, for messages
  int threads = 16;
  int queued_connections = 32;                ///< further ones are refused
  std::size_t body_limit = 256 * 1024;        ///< bytes, for routes without a limit of their own
  std::chrono::seconds timeout{10};           ///< for each read of a request and each write of an answer
  std::chrono::milliseconds arrival{10'000};  ///< in which the head of a request has to arrive, and again its body
  std::chrono::seconds keep_alive{0};         ///< how long a connection may idle between two requests; 0: not at all
};

/// `listen` taken apart. A plain value.
struct ListenAddress {
  std::string host;
  unsigned short port = 0;
};

/// Throws Error (misconfigured) if `text`, the value of `key`, is not host:port.
ListenAddress parse_listen_address(const std::string& text, const std::string& key = "http.listen");

}  // namespace mirror::http
