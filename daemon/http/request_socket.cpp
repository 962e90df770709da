#include "http/request_socket.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocketImpl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "http/lobby.hpp"

namespace mirror::http {
namespace {

namespace net = Poco::Net;

constexpr std::chrono::seconds gentle_close_limit{1};

Poco::Timespan to_timespan(Clock::Duration duration) {
  return {std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::microseconds>(duration).count())};
}

/// Poco's acceptor asks it in turn whether there is a connection and for that connection: both answers come from the
/// lobby.
class ListenerSocket final : public net::ServerSocketImpl {
 public:
  ListenerSocket(std::chrono::milliseconds limit, int waiting)
      : limit_(limit), places_(std::make_shared<WaitingPlaces>(waiting)) {}

  void listen(int backlog) override {
    ServerSocketImpl::listen(backlog);
    lobby_.emplace(sockfd(), limit_);
  }

  bool poll(const Poco::Timespan& timeout, int) override {
    return lobby_->wait(std::chrono::microseconds{timeout.totalMicroseconds()});
  }

  net::SocketImpl* acceptConnection(net::SocketAddress& client) override {
    auto connection = std::make_unique<RequestSocket>(lobby_->take(), limit_, places_);
    client = connection->peerAddress();
    return connection.release();  // counted by Poco's reference, which deletes it
  }

 private:
  const std::chrono::milliseconds limit_;
  const std::shared_ptr<WaitingPlaces> places_;
  std::optional<Lobby> lobby_;
};

}  // namespace

int RequestSocket::receiveBytes(void* buffer, int length, int flags) {
  if (head_.is_complete() && body_left_ == 0U) return 0;
  wait_for_bytes();
  if (!head_.is_complete()) return receive_head(static_cast<char*>(buffer), length);
  if (!body_left_) return StreamSocketImpl::receiveBytes(buffer, length, flags);
  const auto wanted = std::min<std::uint64_t>(*body_left_, static_cast<std::uint64_t>(length));
  const int received = StreamSocketImpl::receiveBytes(buffer, static_cast<int>(wanted), flags);
  *body_left_ -= static_cast<std::uint64_t>(std::max(0, received));
  return received;
}

/// Looks before it takes: what follows the head stays where it is.
int RequestSocket::receive_head(char* buffer, int length) {
  const int seen = StreamSocketImpl::receiveBytes(buffer, length, MSG_PEEK);
  if (seen <= 0) return seen;
  HeadScan ahead = head_;
  const std::size_t count = ahead.take(buffer, static_cast<std::size_t>(seen));
  const int received = StreamSocketImpl::receiveBytes(buffer, static_cast<int>(count));
  head_.take(buffer, static_cast<std::size_t>(std::max(0, received)));
  return received;
}

void RequestSocket::wait_for_bytes() {
  sent_by_.reset();
  if (!arrived_by_) arrived_by_ = Deadline::after(limit_);
  const Clock::Duration left = arrived_by_->left();
  crowded_out_ = false;
  if (left > Clock::Duration::zero() && poll(to_timespan(left), SELECT_READ)) return;
  expired_ = !crowded_out_;
  throw Poco::TimeoutException(expired_ ? "the request did not arrive in time" : "too many requests arrive slowly");
}

int RequestSocket::sendBytes(const void* buffer, int length, int flags) {
  arrived_by_.reset();
  if (!sent_by_) sent_by_ = Deadline::after(limit_);
  const auto* const bytes = static_cast<const char*>(buffer);
  int sent = 0;
  while (sent < length) {
    const ssize_t count =
        ::send(sockfd(), bytes + sent, static_cast<std::size_t>(length - sent), flags | MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) {
      sent += static_cast<int>(count);
    } else if (errno == EAGAIN) {
      if (!poll(to_timespan(sent_by_->left()), SELECT_WRITE)) throw Poco::TimeoutException("the answer was not taken");
    } else if (errno != EINTR) {
      error(errno);  // Poco's exception for it
    }
  }
  return sent;
}

bool RequestSocket::poll(const Poco::Timespan& timeout, int mode) {
  if (StreamSocketImpl::poll(Poco::Timespan{}, mode)) return true;
  if (timeout.totalMicroseconds() == 0) return false;
  const WaitingPlaces::Place place(*places_);
  crowded_out_ = !place;
  return place && StreamSocketImpl::poll(timeout, mode);
}

void RequestSocket::expect_head() {
  head_ = {};
  body_left_.reset();
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

RequestListener::RequestListener(std::chrono::milliseconds limit, int waiting)
    : ServerSocket(new ListenerSocket(limit, waiting), true) {}

}  // namespace mirror::http
