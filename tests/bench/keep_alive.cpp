#include "tests/bench/keep_alive.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace mirror::bench {
namespace {

constexpr std::string_view length_header = "\r\nContent-Length: ";

}  // namespace

KeepAlive::KeepAlive(int port) : port_(port) {
  connect();
}

void KeepAlive::connect() {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  const timeval minute{60, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof minute);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return;
  throw std::runtime_error(fmt::format("cannot connect to port {}", port_));
}

KeepAlive::~KeepAlive() {
  ::close(socket_);
}

void KeepAlive::send(std::string_view request) {
  if (received_.find("\r\nConnection: Close\r\n") < received_.find("\r\n\r\n")) {
    ::close(socket_);
    received_.clear();
    connect();
  }
  while (!request.empty()) {
    const ssize_t sent = ::send(socket_, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent <= 0) throw std::runtime_error("the peer has closed the connection");
    request.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool KeepAlive::receive() {
  std::array<char, 65536> buffer;
  const auto head_end = received_.find("\r\n\r\n");
  const auto is_whole = [&](std::size_t end) {
    const auto length = received_.find(length_header);
    return length < end &&
           received_.size() >= end + 4 + std::stoul(received_.substr(length + length_header.size(), 20));
  };
  if (head_end != std::string::npos && is_whole(head_end)) received_.clear();  // the last answer
  const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
  if (count <= 0) throw std::runtime_error("the peer does not answer");
  received_.append(buffer.data(), static_cast<std::size_t>(count));
  const auto end = received_.find("\r\n\r\n");
  return end != std::string::npos && is_whole(end);
}

int KeepAlive::status() const {
  return std::stoi(received_.substr(received_.find(' ') + 1, 3));
}

std::string KeepAlive::body() const {
  return received_.substr(received_.find("\r\n\r\n") + 4);
}

std::string ask(KeepAlive& connection, std::string_view method, std::string_view target, std::string_view body) {
  connection.send(fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}", method, target,
                              body.size(), body));
  while (!connection.receive()) continue;
  if (connection.status() != 200) throw std::runtime_error(fmt::format("{} answers {}", target, connection.body()));
  return connection.body();
}

}  // namespace mirror::bench
