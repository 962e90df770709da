#include "http/request_socket.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocketImpl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace mirror::http {
namespace {

namespace net = Poco::Net;

constexpr std::chrono::seconds gentle_close_limit{1};

Poco::Timespan to_timespan(Clock::Duration duration) {
  return {std::chrono::duration_cast<std::chrono::microseconds>(duration).count()};
}

class ListenerSocket final : public net::ServerSocketImpl {
 public:
  explicit ListenerSocket(std::chrono::milliseconds limit) : limit_(limit) {}

  net::SocketImpl* acceptConnection(net::SocketAddress& client) override {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    int descriptor = -1;
    do {
      descriptor = ::accept4(sockfd(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_CLOEXEC);
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) throw net::NetException("cannot accept a connection", errno);
    client = net::SocketAddress(reinterpret_cast<const sockaddr*>(&address), size);
    return new RequestSocket(descriptor, limit_);  // counted by Poco's reference, which deletes it
  }

 private:
  const std::chrono::milliseconds limit_;
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
