#include "tests/simulator/test_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>

namespace mirror::simulator {
namespace {

void read_head(std::string_view head, Reply& reply) {
  reply.status = std::stoi(std::string{head.substr(9, 3)});
  head.remove_prefix(std::min(head.find("\r\n") + 2, head.size()));
  while (!head.empty()) {
    const auto end = std::min(head.find("\r\n"), head.size());
    const auto colon = head.find(": ");
    reply.headers.emplace_back(head.substr(0, colon), head.substr(colon + 2, end - colon - 2));
    head.remove_prefix(std::min(end + 2, head.size()));
  }
}

}  // namespace

std::string Reply::header(const std::string& name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

TestClient::TestClient(int port, std::string key) : port_(port), key_(std::move(key)) {}

TestClient::~TestClient() {
  if (socket_ >= 0) ::close(socket_);
}

void TestClient::connect() {
  socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("the simulator does not listen");
  }
}

Reply TestClient::send(const std::string& method, const std::string& target, const std::string& body) {
  if (socket_ < 0) connect();
  std::string request = method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  if (!key_.empty()) request += "Authorization: Bearer " + key_ + "\r\n";
  request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  if (::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) < 0) throw std::runtime_error("nothing was sent");
  Reply reply;
  std::string received;
  std::size_t head_size = std::string::npos;
  std::size_t whole = std::string::npos;
  std::array<char, 65536> buffer{};
  while (received.size() < whole) {
    const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
    reply.reset = count < 0 && errno == ECONNRESET;
    if (count <= 0) break;
    ++reply.reads;
    received.append(buffer.data(), static_cast<std::size_t>(count));
    if (head_size != std::string::npos || (head_size = received.find("\r\n\r\n")) == std::string::npos) continue;
    read_head(std::string_view{received}.substr(0, head_size), reply);
    const std::string length = reply.header("Content-Length");
    whole = head_size + 4 + (length.empty() ? 0 : std::stoul(length));
  }
  reply.complete = received.size() == whole;
  if (head_size != std::string::npos) reply.body = received.substr(head_size + 4);
  if (!reply.complete || reply.header("Connection") == "close") {
    ::close(socket_);
    socket_ = -1;
  }
  return reply;
}

std::vector<std::string> TestClient::walk(const std::string& target, const std::string& order, int limit) {
  std::vector<std::string> ids;
  std::string after;
  const std::string start = target + (target.find('?') == std::string::npos ? "?" : "&");
  for (int pages = 0; pages < 10'000; ++pages) {
    const auto page = get(start + "order=" + order + "&limit=" + std::to_string(limit) + after).json();
    for (auto& id : ids_of(page)) ids.push_back(std::move(id));
    if (page["list_metadata"]["after"].is_null()) return ids;
    after = "&after=" + page["list_metadata"]["after"].get<std::string>();
  }
  throw std::runtime_error("the list has no end");
}

std::vector<std::string> ids_of(const nlohmann::json& page) {
  std::vector<std::string> ids;
  for (const auto& item : page["data"]) ids.push_back(item.is_object() ? item.value("id", "") : "");
  return ids;
}

}  // namespace mirror::simulator
