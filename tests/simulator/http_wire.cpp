#include "tests/simulator/http_wire.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "support/error.hpp"

namespace mirror::simulator {
namespace {

constexpr std::size_t largest_body = 64U << 20U;

std::string lower_case(std::string_view text) {
  std::string out{text};
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view take_line(std::string_view& head) {
  const auto end = std::min(head.find("\r\n"), head.size());
  const std::string_view line = head.substr(0, end);
  head.remove_prefix(std::min(end + 2, head.size()));
  return line;
}

void read_request_line(std::string_view line, Request& request) {
  const auto first = line.find(' ');
  const auto second = line.rfind(' ');
  if (first == std::string_view::npos || second <= first || !line.substr(second + 1).starts_with("HTTP/1.")) {
    throw Error(Fault::bad_data, "the simulator got something that is no HTTP request");
  }
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, second - first - 1);
  const std::string_view target = request.target;
  const auto question = std::min(target.find('?'), target.size());
  request.path = percent_decoded(target.substr(0, question), false);
  request.parameters = split_parameters(target.substr(std::min(question + 1, target.size())));
  request.keep_alive = line.ends_with("1.1");
}

void read_header(std::string_view line, Request& request) {
  const auto colon = std::min(line.find(':'), line.size());
  const std::string name = lower_case(line.substr(0, colon));
  const std::string_view value = trimmed(line.substr(std::min(colon + 1, line.size())));
  if (name == "connection") request.keep_alive = lower_case(value) != "close";
  request.headers.emplace_back(name, value);
}

std::size_t body_size(const Request& request) {
  const std::string_view text = request.header("content-length");
  std::size_t size = 0;
  std::from_chars(text.data(), text.data() + text.size(), size);
  if (size > largest_body) throw Error(Fault::bad_data, "the simulator takes no bodies above 64 MiB");
  return size;
}

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 302:
      return "Found";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 409:
      return "Conflict";
    case 422:
      return "Unprocessable Entity";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

}  // namespace

bool take_request(std::string& received, Request& request) {
  const auto end = received.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  request = Request{};
  std::string_view head{received.data(), end};
  read_request_line(take_line(head), request);
  while (!head.empty()) read_header(take_line(head), request);
  const std::size_t size = body_size(request);
  const std::size_t start = end + 4;
  if (received.size() < start + size) return false;
  request.body = received.substr(start, size);
  received.erase(0, start + size);
  return true;
}

std::string answer_head(const Answer& answer, bool keep_alive) {
  std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " ";
  head.append(reason(answer.status)).append("\r\n");
  for (const auto& [name, value] : answer.headers) head.append(name).append(": ").append(value).append("\r\n");
  if (answer.status != 204) head.append("Content-Length: ").append(std::to_string(answer.body.size())).append("\r\n");
  head.append(keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
  return head;
}

}  // namespace mirror::simulator
