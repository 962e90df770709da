#pragma once

#include <functional>
#include <map>
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
};

/// One answer. A HEAD request gets it without the body.
struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
};

/// What is served at one path. Called by several threads at once; an exception becomes a 500.
struct Route {
  std::string method = "GET";  ///< GET also answers HEAD
  std::function<Response(const Request&)> answer;
};

/// By path, exactly.
using Routes = std::map<std::string, Route, std::less<>>;

/// `{"error": code, "message": message}` with that status.
Response error_response(int status, const std::string& code, const std::string& message);

}  // namespace mirror::http
