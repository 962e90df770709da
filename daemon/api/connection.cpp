#include "api/connection.hpp"

#include <Poco/Net/NetException.h>
#include <Poco/Net/SSLException.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "api/resolver.hpp"
#include "api/response_reader.hpp"

namespace mirror::api {
namespace {

using Poco::Net::SecureStreamSocket;
using Poco::Net::SocketAddress;

Error certificate_refused(const std::string& peer, const std::string& why) {
  return {Fault::misconfigured, fmt::format("the certificate of {} is refused: {}", peer, why),
          "Check api.base_url. If the API is reached through a host with a private certificate authority, name its "
          "PEM file in api.ca_file; else install ca-certificates."};
}

Error stopped() {
  return {Fault::stopped, "a stop was requested during a request"};
}

/// poll() takes milliseconds; rounded up, so that the deadline has passed when it returns empty-handed.
int milliseconds_left(Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.left()).count();
  return static_cast<int>(std::min<std::int64_t>(left, 3'600'000));
}

}  // namespace

StopSignal::StopSignal() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0)
    throw Error(Fault::unavailable, fmt::format("no descriptor for a connection: {}", std::strerror(errno)));
}

StopSignal::~StopSignal() {
  ::close(descriptor_);
}

void StopSignal::raise() const noexcept {
  eventfd_write(descriptor_, 1);
}

Connection::Connection(const Target& target, Deadline deadline, const std::stop_token& stop)
    : peer_(target.endpoint.authority()), deadline_(deadline) {
  begin(deadline, stop);
  if (target.proxy) {
    connect_any(target.proxy->host, target.proxy->port);
    if (target.endpoint.tls) open_tunnel(target.endpoint, *target.proxy);
  } else {
    connect_any(target.endpoint.host, target.endpoint.port);
  }
  if (target.endpoint.tls) start_tls(target.endpoint.host, target.context());
}

void Connection::begin(Deadline deadline, const std::stop_token& stop) {
  deadline_ = deadline;
  stop_ = stop;
  on_stop_.reset();
  if (stop.stop_possible()) on_stop_.emplace(stop, [this] { stop_signal_.raise(); });
  last_used_ = std::chrono::steady_clock::now();
}

bool Connection::end() {
  on_stop_.reset();
  return !stop_.stop_requested();
}

/// Library exceptions become Errors here and nowhere else.
template <typename Action>
auto Connection::translated(std::string_view doing, Action action) {
  try {
    return action();
  } catch (const Poco::Net::CertificateValidationException& error) {
    throw certificate_refused(peer_, error.message());
  } catch (const Poco::Net::InvalidCertificateException& error) {
    throw certificate_refused(peer_, error.message());
  } catch (const Poco::Net::SSLException& error) {
    if (error.message().find("certificate verify failed") != std::string::npos) {
      throw certificate_refused(peer_, "it is not signed by an authority that is trusted here, or has expired");
    }
    throw ConnectionLost(fmt::format("{} {}: {}", doing, peer_, error.displayText()));
  } catch (const Poco::Exception& error) {
    throw ConnectionLost(fmt::format("{} {}: {}", doing, peer_, error.displayText()));
  }
}

void Connection::connect_any(const std::string& host, std::uint16_t port) {
  const auto addresses = resolve(host, port, deadline_, stop_);
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    // Each address gets its part of the time, so that a dead one does not eat up that of the others.
    const auto share = deadline_.left() / static_cast<int>(addresses.size() - i);
    try {
      return connect(addresses[i], Deadline::after(share));
    } catch (const Error& error) {
      if (error.fault() == Fault::stopped || i + 1 == addresses.size()) throw;
    }
  }
}

void Connection::connect(const SocketAddress& address, Deadline deadline) {
  translated("connecting to", [&] {
    socket_ = Poco::Net::StreamSocket();
    socket_.connectNB(address);
    await(POLLOUT, deadline);
    if (const int error = socket_.impl()->socketError(); error != 0) {
      throw Error(Fault::unavailable, fmt::format("connecting to {}: {}", peer_, std::strerror(error)),
                  "Check api.base_url and the network.");
    }
    socket_.setBlocking(false);
    socket_.setNoDelay(true);
  });
}

void Connection::open_tunnel(const Endpoint& endpoint, const Proxy& proxy) {
  const std::string authority = endpoint.host_and_port();
  std::string request = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", authority);
  if (!proxy.authorization.empty()) request += "Proxy-Authorization: " + proxy.authorization.expose() + "\r\n";
  write(request + "\r\n");
  const HttpResponse answer = ResponseReader(*this, peer_).read_head();
  if (answer.status < 200 || answer.status > 299) {
    throw Error(Fault::unavailable,
                fmt::format("proxy {}:{} refused a tunnel to {} with status {}", proxy.host, proxy.port, authority,
                            answer.status),
                "Check HTTPS_PROXY, or add the API's host to NO_PROXY.");
  }
}

void Connection::start_tls(const std::string& host, Poco::Net::Context::Ptr context) {
  translated("TLS with", [&] {
    SecureStreamSocket secure = SecureStreamSocket::attach(socket_, host, context);
    secure.setLazyHandshake(false);
    int result = 0;
    while ((result = secure.completeHandshake()) != 1) {
      if (result == 0) throw ConnectionLost(fmt::format("{} closed the connection during the TLS handshake", peer_));
      await(result == SecureStreamSocket::ERR_SSL_WANT_WRITE ? POLLOUT : POLLIN, deadline_);
    }
    secure.verifyPeerCertificate(host);
    socket_ = secure;
    tls_ = true;
  });
}

short Connection::awaited_by(int result, short plain) const {
  if (!tls_) return plain;
  return result == SecureStreamSocket::ERR_SSL_WANT_WRITE ? POLLOUT : POLLIN;
}

void Connection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    int sent = 0;
    try {
      sent = socket_.sendBytes(bytes.data(), static_cast<int>(bytes.size()));
    } catch (const Poco::Exception& error) {
      throw ClosedBeforeAnswer(fmt::format("{} closed the connection: {}", peer_, error.displayText()));
    }
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else {
      await(awaited_by(sent, POLLOUT), deadline_);
    }
  }
}

std::size_t Connection::read(char* into, std::size_t size) {
  for (;;) {
    if (deadline_.passed()) await(POLLIN, deadline_);
    const int received = translated("reading from", [&] { return socket_.receiveBytes(into, static_cast<int>(size)); });
    if (received >= 0) return static_cast<std::size_t>(received);
    await(awaited_by(received, POLLIN), deadline_);
  }
}

void Connection::await(short events, Deadline deadline) {
  std::array<pollfd, 2> watched{{{socket_.impl()->sockfd(), events, 0}, {stop_signal_.descriptor(), POLLIN, 0}}};
  int ready = 0;
  do {
    ready = deadline.passed() ? 0 : ::poll(watched.data(), watched.size(), milliseconds_left(deadline));
  } while (ready < 0 && errno == EINTR);
  if (watched[1].revents != 0 || stop_.stop_requested()) throw stopped();
  if (ready == 0)
    throw Error(Fault::unavailable, fmt::format("{} gave no complete answer in time (api.timeout)", peer_));
}

}  // namespace mirror::api
