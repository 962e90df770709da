#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mirror::http {

/// One request, read completely. Header names are lower-case.
struct Request {
  std::string method;
  std::string path;   ///< without the query
  std::string query;  ///< without the question mark, still encoded
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string client;  ///< the address of the connection's other end, without the port
};

/// One answer. A HEAD request gets it without the body.
struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers{};  ///< further ones
};

/// What is served at one path. Called by several threads at once; an exception becomes a 500.
struct Route {
  std::string method = "GET";  ///< GET also answers HEAD
  std::function<Response(const Request&)> answer;
  /// Looks at a request before its body is read; what it returns is the answer, and the body is never read.
  std::function<std::optional<Response>(const Request&)> refuse{};
  /// Told the status when the server itself refuses a request's body to this path: 408, 413 or 503.
  std::function<void(int status)> on_refused{};
  std::size_t body_limit = 0;  ///< bytes; 0: that of the server
  bool keep_alive = false;     ///< whether the connection may serve further requests, if the server allows it at all
};

/// By path, exactly.
using Routes = std::map<std::string, Route, std::less<>>;

/// `{"error": code, "message": message}` with that status.
Response error_response(int status, const std::string& code, const std::string& message);

}  // namespace mirror::http
