#include "api/response_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "api/connection.hpp"
#include "support/error.hpp"

namespace mirror::api {
namespace {

constexpr std::size_t buffer_size = 16 * 1024;
constexpr std::size_t max_chunk_line = 1024;

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<std::size_t> parse_number(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool has_no_body(std::string_view method, int status) {
  return method == "HEAD" || status == 204 || status == 304;
}

}  // namespace

ResponseReader::ResponseReader(Connection& connection, const std::string& peer)
    : connection_(connection), peer_(peer), buffer_(std::make_unique_for_overwrite<char[]>(buffer_size)) {}

void ResponseReader::refuse(std::string_view why) const {
  throw Error(Fault::unavailable, fmt::format("the answer of {} {}", peer_, why));
}

void ResponseReader::fill() {
  begin_ = 0;
  end_ = 0;
  try {
    end_ = connection_.read(buffer_.get(), buffer_size);
  } catch (const Error& error) {
    // A reset before the first byte is as good as a close; a deadline or a stop is neither.
    if (anything_came_ || dynamic_cast<const ConnectionLost*>(&error) == nullptr) throw;
    throw ClosedBeforeAnswer(error.what());
  }
  if (end_ == 0 && !anything_came_) throw ClosedBeforeAnswer(peer_ + " closed the connection without an answer");
  if (end_ == 0) refuse("was cut: the connection ended in the middle of it");
  anything_came_ = true;
}

std::string ResponseReader::read_line(std::size_t& budget) {
  std::string line;
  for (;;) {
    if (begin_ == end_) fill();
    const char* from = buffer_.get() + begin_;
    const auto* newline = static_cast<const char*>(std::memchr(from, '\n', end_ - begin_));
    const std::size_t length = newline == nullptr ? end_ - begin_ : static_cast<std::size_t>(newline - from) + 1;
    if (length > budget) refuse("has headers larger than 64 KiB or a broken chunk");
    budget -= length;
    line.append(from, length);
    begin_ += length;
    if (newline != nullptr) break;
  }
  line.pop_back();
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

HttpResponse ResponseReader::read_one_head() {
  std::size_t budget = max_head;
  const std::string status_line = read_line(budget);
  const auto status =
      status_line.size() < 12 ? std::nullopt : parse_number(std::string_view(status_line).substr(9, 3), 10);
  if (!status_line.starts_with("HTTP/1.") || !status || *status < 100) refuse("is not HTTP/1.1");
  HttpResponse response;
  response.status = static_cast<int>(*status);
  reusable_ = status_line.starts_with("HTTP/1.1");
  read_headers(response, budget);
  return response;
}

void ResponseReader::read_headers(HttpResponse& response, std::size_t budget) {
  for (std::string line = read_line(budget); !line.empty(); line = read_line(budget)) {
    const auto colon = line.find(':');
    if (colon == std::string::npos || colon == 0) refuse("has a header line without a name");
    if (response.headers.size() == max_headers) refuse("has more than 200 headers");
    response.headers.emplace_back(lower_case(std::string_view(line).substr(0, colon)),
                                  trimmed(std::string_view(line).substr(colon + 1)));
  }
}

HttpResponse ResponseReader::read_head() {
  HttpResponse response = read_one_head();
  while (response.status < 200) response = read_one_head();
  return response;
}

HttpResponse ResponseReader::read(std::string_view method) {
  HttpResponse response = read_head();
  if (lower_case(response.header("connection")).find("close") != std::string::npos) reusable_ = false;
  const std::string encoding = lower_case(response.header("transfer-encoding"));
  if (has_no_body(method, response.status)) {
    // There is nothing to read.
  } else if (encoding == "chunked") {
    read_chunked(response);
  } else if (!encoding.empty()) {
    refuse("has an unknown transfer encoding");
  } else if (const auto length = response.header("content-length"); !length.empty()) {
    read_sized(response, length);
  } else {
    read_to_close(response);
  }
  if (begin_ != end_) reusable_ = false;  // bytes that nobody asked for
  return response;
}

void ResponseReader::read_exactly(std::string& body, std::size_t size) {
  if (size > max_body || body.size() + size > max_body) refuse("is larger than 16 MiB");
  std::size_t at = body.size();
  body.resize(at + size);
  const std::size_t buffered = std::min(size, end_ - begin_);
  std::memcpy(body.data() + at, buffer_.get() + begin_, buffered);
  begin_ += buffered;
  at += buffered;
  while (at < body.size()) {
    const std::size_t received = connection_.read(body.data() + at, body.size() - at);
    if (received == 0) refuse(fmt::format("was cut after {} bytes of its body", at));
    at += received;
  }
}

void ResponseReader::read_sized(HttpResponse& response, std::string_view length) {
  for (const auto& [name, value] : response.headers) {
    if (name == "content-length" && value != length) refuse("contradicts itself about its length");
  }
  const auto size = parse_number(length, 10);
  if (!size) refuse("has a Content-Length that is not a number");
  read_exactly(response.body, *size);
}

void ResponseReader::read_chunked(HttpResponse& response) {
  for (;;) {
    std::size_t budget = max_chunk_line;
    const std::string line = read_line(budget);
    const auto size = parse_number(trimmed(std::string_view(line).substr(0, line.find(';'))), 16);
    if (!size) refuse("has a broken chunk");
    if (*size == 0) break;
    read_exactly(response.body, *size);
    if (!read_line(budget).empty()) refuse("has a broken chunk");
  }
  HttpResponse trailers;
  read_headers(trailers, max_head);
}

/// Nothing proves that such a body is whole, so it may only explain a failure.
void ResponseReader::read_to_close(HttpResponse& response) {
  reusable_ = false;
  if (response.status >= 200 && response.status < 300)
    refuse("has no length, so that nothing shows whether it is whole");
  response.body.assign(buffer_.get() + begin_, end_ - begin_);
  begin_ = end_;
  std::size_t received = 0;
  do {
    if (response.body.size() > max_head) return;
    received = connection_.read(buffer_.get(), buffer_size);
    response.body.append(buffer_.get(), received);
  } while (received > 0);
}

}  // namespace mirror::api
