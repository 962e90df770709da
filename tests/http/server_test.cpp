#include "http/server.hpp"

#include <stdexcept>

#include "support/error.hpp"
#include "tests/catch.hpp"
#include "tests/http/raw_client.hpp"

using namespace mirror;
using namespace mirror::http;
using test::ask;
using test::send_raw;

namespace {

Routes example_routes() {
  Routes routes;
  routes["/hello"] = {"GET", [](const Request& request) {
                        return Response{200, "text/plain", "hello " + request.query};
                      }};
  routes["/count"] = {"POST", [](const Request& request) {
                        return Response{200, "text/plain", std::to_string(request.body.size())};
                      }};
  routes["/broken"] = {"GET", [](const Request&) -> Response { throw std::runtime_error("inside"); }};
  return routes;
}

HttpOptions any_port() {
  HttpOptions options;
  options.listen = "127.0.0.1:0";
  return options;
}

}  // namespace

TEST_CASE("a path that exists answers, with the query") {
  Server server(any_port(), example_routes());
  const auto answer = ask(server.port(), "GET", "/hello?a=1");
  REQUIRE(answer.status == 200);
  REQUIRE(answer.body == "hello a=1");
}

TEST_CASE("HEAD gets the headers of GET and no body") {
  Server server(any_port(), example_routes());
  const auto answer = ask(server.port(), "HEAD", "/hello?a=1");
  REQUIRE(answer.status == 200);
  REQUIRE(answer.body.empty());
  REQUIRE_THAT(answer.head, ContainsSubstring("Content-Length: 9"));
}

TEST_CASE("an unknown path and a wrong method are answered as JSON") {
  Server server(any_port(), example_routes());
  const auto missing = ask(server.port(), "GET", "/nothing");
  REQUIRE(missing.status == 404);
  REQUIRE_THAT(missing.head, ContainsSubstring("application/json"));
  REQUIRE_THAT(missing.body, ContainsSubstring("\"not_found\""));
  const auto wrong = ask(server.port(), "DELETE", "/hello");
  REQUIRE(wrong.status == 405);
  REQUIRE_THAT(wrong.head, ContainsSubstring("Allow: GET, HEAD"));
  REQUIRE_THAT(wrong.body, ContainsSubstring("\"method_not_allowed\""));
}

TEST_CASE("a body up to the limit arrives whole, a larger one is refused") {
  HttpOptions options = any_port();
  options.body_limit = 10'000;
  Server server(options, example_routes());
  REQUIRE(ask(server.port(), "POST", "/count", std::string(10'000, 'x')).body == "10000");
  REQUIRE(ask(server.port(), "POST", "/count", std::string(10'001, 'x')).status == 413);
}

TEST_CASE("an exception in a handler is a 500 that tells nothing of the inside") {
  Server server(any_port(), example_routes());
  const auto answer = ask(server.port(), "GET", "/broken");
  REQUIRE(answer.status == 500);
  REQUIRE_THAT(answer.body, !ContainsSubstring("inside"));
  REQUIRE(ask(server.port(), "GET", "/hello").status == 200);
}

TEST_CASE("what is not HTTP does not end the server") {
  Server server(any_port(), example_routes());
  send_raw(server.port(), std::string("\x16\x03\x01\0garbage\r\n\r\n", 15));
  send_raw(server.port(), "GET /hello HTTP/1.1\r\n" + std::string(200'000, 'h') + ": v\r\n\r\n");
  REQUIRE(ask(server.port(), "GET", "/hello").status == 200);
}

TEST_CASE("a port in use is an error that names http.listen") {
  Server first(any_port(), example_routes());
  HttpOptions taken;
  taken.listen = first.address();
  try {
    Server second(taken, example_routes());
    FAIL("the second server started");
  } catch (const Error& error) {
    REQUIRE(error.fault() == Fault::misconfigured);
    REQUIRE_THAT(std::string{error.what()}, ContainsSubstring(first.address()));
    REQUIRE_THAT(error.next_step(), ContainsSubstring("http.listen"));
  }
}

TEST_CASE("stop frees the port and ends also while a client says nothing") {
  auto server = std::make_unique<Server>(any_port(), example_routes());
  const test::Connection silent(server->port());
  REQUIRE(ask(server->port(), "GET", "/hello").status == 200);
  HttpOptions same;
  same.listen = server->address();
  const auto start = std::chrono::steady_clock::now();
  server->stop();
  REQUIRE(std::chrono::steady_clock::now() - start < std::chrono::seconds{5});
  REQUIRE_NOTHROW(Server(same, example_routes()));
}

TEST_CASE("addresses are read strictly") {
  REQUIRE(parse_listen_address("127.0.0.1:8464").port == 8464);
  REQUIRE(parse_listen_address("[::1]:80").host == "::1");
  for (const char* wrong : {"", "8464", ":8464", "host:", "host:http", "host:70000", "::1:80", "host:80 "}) {
    REQUIRE_THROWS_AS(parse_listen_address(wrong), Error);
  }
}
