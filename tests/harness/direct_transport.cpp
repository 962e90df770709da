#include "tests/harness/direct_transport.hpp"

#include <algorithm>
#include <cctype>
#include <string>

#include "support/error.hpp"
#include "tests/simulator/http_wire.hpp"

namespace mirror::harness {
namespace {

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// With a smaller `limit`, if it has a larger one.
std::string with_limit(const std::string& target, std::size_t most) {
  const auto name = target.find("limit=");
  if (name == std::string::npos) return target;
  const auto begin = name + 6;
  const auto end = std::min(target.find('&', begin), target.size());
  const auto wanted = std::stoul(target.substr(begin, end - begin));
  return target.substr(0, begin) + std::to_string(std::min<std::size_t>(wanted, most)) + target.substr(end);
}

simulator::Request received(const api::HttpRequest& request, std::size_t page_size) {
  std::string bytes = request.method + " " + with_limit(request.target, page_size) + " HTTP/1.1\r\n";
  for (const auto& [name, value] : request.headers) bytes.append(name).append(": ").append(value).append("\r\n");
  bytes += "\r\n";
  simulator::Request result;
  if (!simulator::take_request(bytes, result)) throw Error(Fault::bug, "a request is not whole");
  return result;
}

}  // namespace

api::HttpResponse DirectTransport::send(const api::HttpRequest& request, Deadline /*deadline*/,
                                        const std::stop_token& stop) {
  if (stop.stop_requested()) throw Error(Fault::stopped, "stopped");
  auto answer = workos_.answer(received(request, page_size_));
  if (answer.delivery.cut_after) throw Error(Fault::unavailable, "the connection was reset in the middle of the body");
  api::HttpResponse response{answer.status, {}, std::move(answer.body)};
  for (auto& [name, value] : answer.headers) response.headers.emplace_back(lower_case(name), std::move(value));
  listener_(request, response);
  return response;
}

}  // namespace mirror::harness
