#include "http/request_socket.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocketImpl.h>
#include <sys/socket.h>

#include <array>
#include <memory>

#include "http/lobby.hpp"

namespace mirror::http {
namespace {

namespace net = Poco::Net;

constexpr std::chrono::seconds gentle_close_limit{1};

Poco::Timespan to_timespan(Clock::Duration duration) {
  return {std::chrono::duration_cast<std::chrono::microseconds>(duration).count()};
}

/// Poco's acceptor asks it in turn whether there is a connection and for that connection: both answers come from the
/// lobby.
class ListenerSocket final : public net::ServerSocketImpl {
 public:
  explicit ListenerSocket(std::chrono::milliseconds limit) : limit_(limit) {}

  void listen(int backlog) override {
    ServerSocketImpl::listen(backlog);
    lobby_.emplace(sockfd(), limit_);
  }

  bool poll(const Poco::Timespan& timeout, int) override {
    return lobby_->wait(std::chrono::microseconds{timeout.totalMicroseconds()});
  }

  net::SocketImpl* acceptConnection(net::SocketAddress& client) override {
    auto connection = std::make_unique<RequestSocket>(lobby_->take(), limit_);
    client = connection->peerAddress();
    return connection.release();  // counted by Poco's reference, which deletes it
  }

 private:
  const std::chrono::milliseconds limit_;
  std::optional<Lobby> lobby_;
};

}  // namespace

int RequestSocket::receiveBytes(void* buffer, int length, int flags) {
  if (!deadline_) deadline_ = Deadline::after(limit_);
  const Clock::Duration left = deadline_->left();
  if (left <= Clock::Duration::zero() || !poll(to_timespan(left), SELECT_READ)) expire();
  return StreamSocketImpl::receiveBytes(buffer, length, flags);
}

int RequestSocket::sendBytes(const void* buffer, int length, int flags) {
  deadline_.reset();
  return StreamSocketImpl::sendBytes(buffer, length, flags);
}

void RequestSocket::expire() {
  expired_ = true;
  throw Poco::TimeoutException("the request did not arrive in time");
}

void RequestSocket::close_gently() {
  try {
    shutdownSend();
    const Deadline patience = Deadline::after(gentle_close_limit);
    std::array<char, 8192> trash{};
    while (!patience.passed() && poll(to_timespan(patience.left()), SELECT_READ)) {
      if (StreamSocketImpl::receiveBytes(trash.data(), static_cast<int>(trash.size())) <= 0) return;
    }
  } catch (const Poco::Exception&) {
    return;  // the peer has gone already
  }
}

RequestListener::RequestListener(std::chrono::milliseconds limit) : ServerSocket(new ListenerSocket(limit), true) {}

}  // namespace mirror::http
