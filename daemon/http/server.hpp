#pragma once

#include <memory>

#include "http/handler.hpp"
#include "http/http_options.hpp"

namespace mirror::http {

/// The daemon's own HTTP server: small requests, each within a deadline; a connection is kept for further ones only
/// where options and route say so, since one that idles holds a thread. Listens from the constructor to stop().
/// Thread-safe.
class Server {
 public:
  /// Throws Error (misconfigured) if the address is malformed, taken, or not one of this host.
  Server(const HttpOptions& options, Routes routes);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Accepts no more connections, lets running answers finish for at most a second, then cuts them off.
  void stop();

  /// Where it listens, with the real port: "127.0.0.1:8464".
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] unsigned short port() const { return port_; }

 private:
  class Listener;
  std::unique_ptr<Listener> listener_;
  std::string address_;
  unsigned short port_ = 0;
};

}  // namespace mirror::http
