#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace mirror::tests {

/// The server's side of one connection.
class Peer {
 public:
  explicit Peer(int descriptor, const std::stop_token& stop) : descriptor_(descriptor), stop_(stop) {}
  ~Peer() { ::close(descriptor_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// The head of the next request; empty if the client closed.
  std::string read_request() {
    for (;;) {
      const auto end = received_.find("\r\n\r\n");
      if (end != std::string::npos) {
        std::string request = received_.substr(0, end + 4);
        received_.erase(0, end + 4);
        return request;
      }
      if (!read_some()) return {};
    }
  }

  /// Takes in what comes next, whatever it is; false if the client closed.
  bool read_some() {
    char buffer[4096];
    if (!await_input()) return false;
    const auto count = ::recv(descriptor_, buffer, sizeof buffer, 0);
    if (count <= 0) return false;
    received_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }

  /// False once the client is gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  /// Keeps the connection open and silent until the client closes it or the test ends.
  void hold() {
    while (!read_request().empty()) {
    }
  }

  /// Waits for input; false when the test ends.
  bool await_input(int milliseconds = 60'000) {
    pollfd watched{descriptor_, POLLIN, 0};
    for (int waited = 0; waited < milliseconds && !stop_.stop_requested(); waited += 10) {
      if (::poll(&watched, 1, 10) > 0) return true;
    }
    return false;
  }

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] bool test_ended() const { return stop_.stop_requested(); }

 private:
  int descriptor_;
  std::stop_token stop_;
  std::string received_;
};

/// Listens on loopback and plays one script per connection, byte by byte as the test wrote it; the last script is
/// played for all further connections.
class ScriptedServer {
 public:
  using Script = std::function<void(Peer&)>;

  explicit ScriptedServer(std::deque<Script> scripts) : scripts_(std::move(scripts)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, generic, &size) != 0) {
      throw std::runtime_error("no loopback socket for the scripted server");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
  }

  ~ScriptedServer() {
    acceptor_.request_stop();
    acceptor_.join();
    for (auto& connection : connections_) connection.request_stop();
    connections_.clear();
    ::close(listener_);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }
  [[nodiscard]] int accepted() const {
    const std::lock_guard lock(mutex_);
    return accepted_;
  }

 private:
  void accept_all(const std::stop_token& stop) {
    pollfd watched{listener_, POLLIN, 0};
    while (!stop.stop_requested()) {
      if (::poll(&watched, 1, 10) <= 0) continue;
      const int descriptor = ::accept(listener_, nullptr, nullptr);
      if (descriptor < 0) continue;
      const std::lock_guard lock(mutex_);
      ++accepted_;
      const Script script = scripts_.front();
      if (scripts_.size() > 1) scripts_.pop_front();
      connections_.emplace_back([script, descriptor](const std::stop_token& end) {
        Peer peer(descriptor, end);
        script(peer);
      });
    }
  }

  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::deque<Script> scripts_;
  int accepted_ = 0;
  std::vector<std::jthread> connections_;
  std::jthread acceptor_;
};

/// A whole answer with a Content-Length.
inline std::string http_answer(std::string_view body, std::string_view more_headers = "",
                               std::string_view status = "200 OK") {
  return fmt::format("HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{}", status,
                     body.size(), more_headers, body);
}

/// Answers every request on a connection with the same bytes.
inline ScriptedServer::Script always(std::string answer) {
  return [answer = std::move(answer)](Peer& peer) {
    while (!peer.read_request().empty() && peer.send(answer)) {
    }
  };
}

}  // namespace mirror::tests
