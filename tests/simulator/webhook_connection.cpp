#include "tests/simulator/webhook_connection.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include "support/error.hpp"

namespace mirror::simulator {
namespace {

/// 0 if the head names no length.
std::size_t content_length(std::string_view head) {
  constexpr std::string_view name = "\r\nContent-Length: ";
  const auto place = head.find(name);
  std::size_t length = 0;
  if (place != std::string_view::npos)
    std::from_chars(head.data() + place + name.size(), head.data() + head.size(), length);
  return length;
}

int status_of(std::string_view head) {
  constexpr std::size_t before_status = std::string_view{"HTTP/1.1 "}.size();
  int status = 0;
  if (head.size() > before_status) std::from_chars(head.data() + before_status, head.data() + head.size(), status);
  return status;
}

}  // namespace

WebhookTarget parse_webhook_url(const std::string& url) {
  constexpr std::string_view scheme = "http://";
  const std::string_view rest = std::string_view{url}.substr(std::min(scheme.size(), url.size()));
  const auto slash = std::min(rest.find('/'), rest.size());
  const auto colon = rest.substr(0, slash).find(':');
  WebhookTarget target;
  target.host = rest.substr(0, std::min(colon, slash));
  if (target.host == "localhost") target.host = "127.0.0.1";
  target.path = slash < rest.size() ? rest.substr(slash) : "/";
  bool fits = url.starts_with(scheme) && target.host.starts_with("127.");
  if (colon != std::string_view::npos) {
    const char* const end = rest.data() + slash;
    const auto [stopped, error] = std::from_chars(rest.data() + colon + 1, end, target.port);
    fits = fits && error == std::errc{} && stopped == end && target.port > 0 && target.port < 65536;
  }
  in_addr ignored{};
  if (fits && inet_pton(AF_INET, target.host.c_str(), &ignored) == 1) return target;
  throw Error(Fault::usage, "webhooks can't be sent to " + url,
              "Write it as http://127.0.0.1:8464/webhooks/workos; the simulator speaks to this machine only.");
}

WebhookConnection::WebhookConnection(WebhookTarget target, std::chrono::milliseconds timeout)
    : target_(std::move(target)), timeout_(timeout) {}

WebhookConnection::~WebhookConnection() {
  close();
}

int WebhookConnection::post(std::string_view body, const std::string& signature) {
  const std::string head = "POST " + target_.path + " HTTP/1.1\r\nHost: " + target_.host +
                           "\r\nUser-Agent: workos-simulator\r\nContent-Type: application/json\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\nWorkOS-Signature: " + signature + "\r\n\r\n";
  const std::string bytes = head + std::string{body};
  const bool was_open = socket_ >= 0;
  if (!was_open && !connect()) return 0;
  const int status = send_all(bytes) ? read_status() : 0;
  if (status > 0 || !was_open) return status;
  return connect() && send_all(bytes) ? read_status() : 0;
}

bool WebhookConnection::connect() {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  const timeval limit{timeout_.count() / 1000, timeout_.count() % 1000 * 1000};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(target_.port));
  inet_pton(AF_INET, target_.host.c_str(), &address.sin_addr);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
  close();
  return false;
}

void WebhookConnection::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

bool WebhookConnection::send_all(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// Closes after an answer that says so, and if none comes.
int WebhookConnection::read_status() {
  std::string received;
  std::array<char, 4096> buffer{};
  while (true) {
    const auto end = received.find("\r\n\r\n");
    if (end != std::string::npos && received.size() >= end + 4 + content_length(received.substr(0, end))) {
      const std::string head = received.substr(0, end);
      if (head.find("\r\nConnection: close") != std::string::npos ||
          head.find("\r\nConnection: Close") != std::string::npos)
        close();
      return status_of(head);
    }
    const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    received.append(buffer.data(), static_cast<std::size_t>(count));
  }
  close();
  return 0;
}

}  // namespace mirror::simulator
