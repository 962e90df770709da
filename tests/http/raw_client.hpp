#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// A client made of nothing but a socket, so that the tests see the bytes the server sends.
namespace mirror::test {

struct Answer {
  int status = 0;  ///< 0: the connection ended before one came
  std::string head;
  std::string body;
};

/// Takes apart all that came.
inline Answer read_answer(const std::string& all) {
  Answer answer;
  const std::size_t end = all.find("\r\n\r\n");
  if (end == std::string::npos) return answer;
  answer.head = all.substr(0, end);
  answer.body = all.substr(end + 4);
  answer.status = std::stoi(answer.head.substr(answer.head.find(' ') + 1, 3));
  return answer;
}

class Connection {
 public:
  explicit Connection(unsigned short port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      ::close(socket_);
      throw std::runtime_error("cannot connect to the server under test");
    }
  }
  ~Connection() { ::close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(const std::string& bytes) const {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t count = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return;  // a server may close early; what it answered is still read
      sent += static_cast<std::size_t>(count);
    }
  }

  [[nodiscard]] std::string read_to_end() const {
    std::string all;
    char buffer[4096];
    for (ssize_t count = 0; (count = ::recv(socket_, buffer, sizeof buffer, 0)) > 0;) {
      all.append(buffer, static_cast<std::size_t>(count));
    }
    return all;
  }

  /// One answer with a Content-Length, on a connection that may go on.
  [[nodiscard]] Answer read_answer() const {
    std::string all;
    char buffer[4096];
    while (!is_whole(all)) {
      const ssize_t count = ::recv(socket_, buffer, sizeof buffer, 0);
      if (count <= 0) break;
      all.append(buffer, static_cast<std::size_t>(count));
    }
    return test::read_answer(all);
  }

  /// Waits for the connection's end: true if it came as a reset, which may cost the peer what it had not read yet.
  [[nodiscard]] bool ends_in_reset() const {
    char buffer[4096];
    ssize_t count = 0;
    while ((count = ::recv(socket_, buffer, sizeof buffer, 0)) > 0) continue;
    return count < 0;
  }

  /// Nothing more will be sent; answers still arrive.
  void end_sending() const { ::shutdown(socket_, SHUT_WR); }

 private:
  static bool is_whole(const std::string& all) {
    constexpr std::string_view name = "Content-Length: ";
    const std::size_t end = all.find("\r\n\r\n");
    const std::size_t length = all.find(name);
    if (end == std::string::npos || length > end) return false;
    return all.size() >= end + 4 + std::stoul(all.substr(length + name.size()));
  }

  int socket_;
};

/// Connections that say nothing, or half a word; this process may have that many descriptors then.
inline std::vector<std::unique_ptr<Connection>> idle_connections(unsigned short port, int count) {
  rlimit descriptors{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = std::min<rlim_t>(descriptors.rlim_max, 4096);
  ::setrlimit(RLIMIT_NOFILE, &descriptors);
  std::vector<std::unique_ptr<Connection>> idle;
  for (int i = 0; i < count; ++i) {
    idle.push_back(std::make_unique<Connection>(port));
    if (i % 2 == 0) idle.back()->send("GET /hel");
  }
  return idle;
}

inline std::string send_raw(unsigned short port, const std::string& bytes) {
  const Connection connection(port);
  connection.send(bytes);
  return connection.read_to_end();
}

inline Answer ask(unsigned short port, const std::string& method, const std::string& target,
                  const std::string& body = {}) {
  std::string request = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return read_answer(send_raw(port, request + "\r\n" + body));
}

}  // namespace mirror::test
