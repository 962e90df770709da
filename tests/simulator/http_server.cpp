#include "tests/simulator/http_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "support/error.hpp"
#include "tests/simulator/http_wire.hpp"

namespace mirror::simulator {
namespace {

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// One system call for head and body in the usual case.
bool send_both(int socket, std::string_view head, std::string_view body) {
  std::array<iovec, 2> parts{
      {{const_cast<char*>(head.data()), head.size()}, {const_cast<char*>(body.data()), body.size()}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  const std::size_t done = sent < 0 ? 0 : static_cast<std::size_t>(sent);
  if (sent < 0 && errno != EINTR) return false;
  if (done < head.size()) return send_all(socket, head.substr(done)) && send_all(socket, body);
  return send_all(socket, body.substr(done - head.size()));
}

/// The peer sees "connection reset" instead of an orderly end.
void reset_on_close(int socket) {
  const linger at_once{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

int listen_on(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(socket, 128) != 0) {
    const std::string cause = std::strerror(errno);
    ::close(socket);
    throw Error(Fault::unavailable, "the simulator can't listen on port " + std::to_string(port) + ": " + cause,
                "Choose another port, or 0 for a free one.");
  }
  return socket;
}

int port_of(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

void prepare(int socket, std::chrono::milliseconds idle_limit) {
  const int yes = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  const timeval limit{idle_limit.count() / 1000, idle_limit.count() % 1000 * 1000};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

}  // namespace

HttpServer::HttpServer(Handler handler, std::chrono::milliseconds idle_limit)
    : handler_(std::move(handler)), idle_limit_(idle_limit) {}

HttpServer::~HttpServer() {
  stop();
}

void HttpServer::start(int port) {
  listener_ = listen_on(port);
  port_ = port_of(listener_);
  stopping_ = false;
  acceptor_ = std::thread([this] { accept_connections(); });
}

void HttpServer::stop() {
  if (!acceptor_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    for (const auto& connection : connections_) {
      if (!connection.done) ::shutdown(connection.socket, SHUT_RDWR);
    }
  }
  stopped_.notify_all();
  acceptor_.join();
  for (auto& connection : connections_) connection.thread.join();
  connections_.clear();
  ::close(listener_);
}

void HttpServer::accept_connections() {
  while (true) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      if (socket >= 0) ::close(socket);
      return;
    }
    if (socket < 0) continue;
    reap();
    prepare(socket, idle_limit_);
    Connection& connection = connections_.emplace_back();
    connection.socket = socket;
    connection.thread = std::thread([this, &connection] { serve(connection); });
  }
}

void HttpServer::reap() {
  connections_.remove_if([](Connection& connection) {
    if (!connection.done) return false;
    connection.thread.join();
    return true;
  });
}

void HttpServer::serve(Connection& connection) {
  std::string received;
  try {
    while (serve_one(connection.socket, received)) continue;
  } catch (const std::exception&) {
    // What is no HTTP gets no answer: the connection ends.
  }
  const std::lock_guard lock(mutex_);
  ::close(connection.socket);
  connection.done = true;
}

bool HttpServer::serve_one(int socket, std::string& received) {
  Request request;
  std::array<char, 16 * 1024> buffer{};
  while (!take_request(received, request)) {
    const ssize_t count = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    received.append(buffer.data(), static_cast<std::size_t>(count));
  }
  const Answer answer = handler_(request);
  return send_answer(socket, answer, request.keep_alive) && request.keep_alive;
}

bool HttpServer::send_answer(int socket, const Answer& answer, bool keep_alive) {
  const Delivery& delivery = answer.delivery;
  if (delivery.delay.count() > 0 && !pause(delivery.delay)) return false;
  const std::string head = answer_head(answer, keep_alive);
  if (delivery.cut_after) {
    send_both(socket, head, std::string_view{answer.body}.substr(0, *delivery.cut_after));
    if (!delivery.cut_politely) reset_on_close(socket);
    return false;
  }
  if (delivery.drip_bytes > 0) return send_all(socket, head) && drip(socket, answer.body, delivery);
  return send_both(socket, head, answer.body);
}

bool HttpServer::drip(int socket, std::string_view body, const Delivery& delivery) {
  while (!body.empty()) {
    const std::size_t count = std::min(delivery.drip_bytes, body.size());
    if (!send_all(socket, body.substr(0, count)) || !pause(delivery.drip_every)) return false;
    body.remove_prefix(count);
  }
  return true;
}

bool HttpServer::pause(std::chrono::milliseconds duration) {
  std::unique_lock lock(mutex_);
  return !stopped_.wait_for(lock, duration, [this] { return stopping_; });
}

}  // namespace mirror::simulator
