#include "http/server.hpp"

#include <chrono>
#include <stdexcept>

#include "support/error.hpp"
#include "tests/catch.hpp"
#include "tests/http/raw_client.hpp"

using namespace mirror;
using namespace mirror::http;
using test::ask;
using test::read_answer;
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

TEST_CASE("a request whose end is uncertain is refused, and nothing that follows it is answered") {
  HttpOptions options = any_port();
  options.keep_alive = std::chrono::seconds{5};
  Routes routes = example_routes();
  routes["/count"].keep_alive = true;
  Server server(options, routes);
  const std::string start = "POST /count HTTP/1.1\r\nHost: a\r\n";
  const std::string second = "GET /hello?smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string chunks = "\r\n0\r\n\r\n";
  for (const std::string& shape : {
           "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" + chunks,
           "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" + chunks,
           "Transfer-Encoding: identity, chunked\r\n" + chunks,
           "Transfer-Encoding: xchunked\r\n" + chunks,
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" + chunks,
           "Transfer-Encoding : chunked\r\n" + chunks,
           std::string{"Content-Length: 0\r\nContent-Length: 5\r\n\r\n"},
           std::string{"Content-Length: 5\r\nContent-Length: 5\r\n\r\n12345"},
           std::string{"Content-Length : 0\r\n\r\n"},
           std::string{"Content-Length: 0, 5\r\n\r\n"},
           std::string{"Content-Length: +0\r\n\r\n"},
           std::string{"Content-Length: -1\r\n\r\n"},
           std::string{"Content-Length: 0x5\r\n\r\n12345"},
           std::string{"Content-Length: 99999999999999999999\r\n\r\n"},
           std::string{"Content\x00-Length: 0\r\n\r\n", 22},
           std::string{"Host: b\r\nContent-Length: 0\r\n\r\n"},
           // What Poco takes for the end of the head, or for no header at all.
           std::string{"x: a\xff\r\nContent-Length: 5\r\n\r\n12345"},
           std::string{"x: a\rContent-Length: 0\r\n\r\n"},
           std::string{"x: a\r\n Content-Length: 5\r\n\r\n12345"},
           std::string{"x\r\nContent-Length: 0\r\n\r\n"},
       }) {
    const std::string all = send_raw(server.port(), start + shape + second);
    INFO(shape << "was answered: " << all);
    CHECK((all.empty() || read_answer(all).status == 400));
    CHECK_THAT(all, !ContainsSubstring("smuggled"));
  }
  // The last chunk ends the request, and the connection with it.
  const std::string chunked =
      send_raw(server.port(), start + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n" + second);
  CHECK(read_answer(chunked).body == "2");
}

TEST_CASE("a request that follows another on its connection is looked at like the first") {
  HttpOptions options = any_port();
  options.keep_alive = std::chrono::seconds{5};
  Routes routes = example_routes();
  routes["/count"].keep_alive = true;
  Server server(options, routes);
  const std::string first = "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab";
  const std::string both = send_raw(server.port(), first + "GET /hello?b HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK_THAT(both, ContainsSubstring("\r\n\r\n2HTTP/1.1 200") && ContainsSubstring("hello b"));
  const std::string spoiled = send_raw(server.port(), first + "GET /hello\xff HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK_THAT(spoiled, ContainsSubstring("\r\n\r\n2HTTP/1.1 400") && !ContainsSubstring("hello"));
}

TEST_CASE("a request line that is not method, path and version of printable ASCII is refused") {
  const Server server(any_port(), example_routes());
  const auto status_of = [&](const std::string& line) {
    return read_answer(send_raw(server.port(), line + "\r\nHost: a\r\n\r\n")).status;
  };
  CHECK(status_of("GET /hello HTTP/1.1") == 200);
  for (const std::string& line :
       {std::string("GET /hello\xff HTTP/1.1"), std::string("GET /hello\x80?a HTTP/1.1"),
        std::string("GET /hello\0 HTTP/1.1", 20), std::string("GET /hello\x01 HTTP/1.1"),
        std::string("GET /hello\x7f HTTP/1.1"), std::string("GET /hello x HTTP/1.1"), std::string("GET /hello HTTP/3"),
        std::string("GET /hello"), std::string("G\xffT /hello HTTP/1.1")}) {
    INFO(line);
    CHECK(status_of(line) == 400);
  }
}

TEST_CASE("heads that are too large, never end or are none at all are refused within their time") {
  HttpOptions options = any_port();
  options.arrival = std::chrono::seconds{2};
  Server server(options, example_routes());
  const std::string start = "GET /hello HTTP/1.1\r\nHost: a\r\n";
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "x-" + std::to_string(i) + ": y\r\n";
  for (const std::string& bytes :
       {start + "x: " + std::string(20'000, 'v') + "\r\n\r\n", start + many + "\r\n", std::string(100'000, '\0'),
        start + std::string(100'000, 'n'), start, std::string{"BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n"},
        std::string{"GET http://elsewhere/hello HTTP/1.1\r\nHost: a\r\n\r\n"}, std::string{"\r\n\r\n"},
        std::string{"GET\r\n\r\n"}}) {
    const std::string all = send_raw(server.port(), bytes);
    INFO(bytes.substr(0, 60) << " was answered: " << all);
    CHECK((all.empty() || read_answer(all).status >= 400));
  }
  CHECK(ask(server.port(), "GET", "/hello").status == 200);
}

TEST_CASE("a thousand connections that say nothing or half a word keep nobody waiting") {
  const Server server(any_port(), example_routes());
  const auto idle = test::idle_connections(server.port(), 1000);
  const auto asked = std::chrono::steady_clock::now();
  REQUIRE(ask(server.port(), "GET", "/hello").status == 200);
  CHECK(std::chrono::steady_clock::now() - asked < std::chrono::seconds{8});  // before a single one times out
  // The latest of them may still finish its word.
  idle[998]->send("lo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(read_answer(idle[998]->read_to_end()).status == 200);
}

TEST_CASE("clients that send their bodies slowly leave threads for the others, and are told to come again") {
  Server server(any_port(), example_routes());  // 16 threads
  std::vector<std::unique_ptr<test::Connection>> slow;
  const auto begin_slowly = [&] {
    slow.push_back(std::make_unique<test::Connection>(server.port()));
    slow.back()->send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{");
  };
  // Three quarters of the threads, then more than there are, in groups that the queue of connections holds.
  for (int i = 0; i < 12; ++i) begin_slowly();
  for (int group = 0; group < 4; ++group) {
    for (int i = 0; i < 20; ++i) begin_slowly();
    REQUIRE(ask(server.port(), "GET", "/hello").status == 200);
  }
  const auto asked = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) REQUIRE(ask(server.port(), "GET", "/hello").status == 200);
  CHECK(std::chrono::steady_clock::now() - asked < std::chrono::seconds{5});
  const auto last = read_answer(slow.back()->read_to_end());
  CHECK(last.status == 503);
  CHECK_THAT(last.head, ContainsSubstring("Retry-After: 1"));
  // Who got a place may still finish.
  slow.front()->send(std::string(999, 'x'));
  CHECK(read_answer(slow.front()->read_to_end()).body == "1000");
}

TEST_CASE("clients that do not take their answers leave threads for the others") {
  Routes routes = example_routes();
  routes["/large"] = {"GET", [](const Request&) {
                        static const std::string more_than_a_socket_takes(8 * 1024 * 1024, 'x');
                        return Response{200, "text/plain", more_than_a_socket_takes};
                      }};
  Server server(any_port(), routes);  // 16 threads
  std::vector<std::unique_ptr<test::Connection>> deaf;
  for (int i = 0; i < 30; ++i) {
    deaf.push_back(std::make_unique<test::Connection>(server.port()));
    deaf.back()->send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  const auto asked = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) REQUIRE(ask(server.port(), "GET", "/hello").status == 200);
  CHECK(std::chrono::steady_clock::now() - asked < std::chrono::seconds{8});
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
