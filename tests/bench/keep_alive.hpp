#pragma once

#include <string>
#include <string_view>

namespace mirror::bench {

/// A connection that is kept open as long as the peer likes, made of nothing but a socket, so that the client side
/// costs little. Throws std::runtime_error when the peer ends it or does not answer within a minute. For one thread.
class KeepAlive {
 public:
  explicit KeepAlive(int port);
  ~KeepAlive();
  KeepAlive(const KeepAlive&) = delete;
  KeepAlive& operator=(const KeepAlive&) = delete;

  /// Sends a whole request, prepared before; on a new connection if the last answer ended this one.
  void send(std::string_view request);
  /// Takes what has arrived; whether the answer is complete now. Blocks if nothing has arrived.
  bool receive();
  /// Of the last complete answer.
  [[nodiscard]] int status() const;
  [[nodiscard]] std::string body() const;

  /// For poll(2); may be another one after send().
  [[nodiscard]] int descriptor() const { return socket_; }

 private:
  void connect();

  const int port_;
  int socket_ = -1;
  std::string received_;
};

/// One request and its answer's body. Throws std::runtime_error unless its status is 200.
std::string ask(KeepAlive& connection, std::string_view method, std::string_view target, std::string_view body = {});

}  // namespace mirror::bench
