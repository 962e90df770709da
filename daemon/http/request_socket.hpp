#pragma once

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocketImpl.h>

#include <chrono>
#include <optional>

#include "support/deadline.hpp"

namespace mirror::http {

/// A server's side of a connection on which a request has to arrive within a limit, all of it: Poco's own timeout is
/// for each read, so that a client which sends a byte now and then could hold a thread for ever. The time runs from the
/// first read of a request until something is sent back. Used by one thread at a time.
class RequestSocket final : public Poco::Net::StreamSocketImpl {
 public:
  RequestSocket(poco_socket_t descriptor, std::chrono::milliseconds limit)
      : StreamSocketImpl(descriptor), limit_(limit) {}

  /// Throws Poco::TimeoutException when the limit has passed.
  int receiveBytes(void* buffer, int length, int flags = 0) override;
  int sendBytes(const void* buffer, int length, int flags = 0) override;
  using StreamSocketImpl::receiveBytes;
  using StreamSocketImpl::sendBytes;

  /// Whether a request did not arrive in time.
  [[nodiscard]] bool has_expired() const { return expired_; }
  /// Ends the connection so that the peer can still read the answer: what it goes on sending is thrown away until it
  /// closes too, for a moment at most. Closing while bytes wait would reset the connection and take the answer along.
  void close_gently();

 private:
  [[noreturn]] void expire();

  const std::chrono::milliseconds limit_;
  std::optional<Deadline> deadline_;
  bool expired_ = false;
};

/// A listening socket whose connections are RequestSockets, handed out once the head of a request has arrived.
class RequestListener final : public Poco::Net::ServerSocket {
 public:
  explicit RequestListener(std::chrono::milliseconds limit);
};

}  // namespace mirror::http
