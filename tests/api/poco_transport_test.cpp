#include "api/poco_transport.hpp"

#include <Poco/DeflatingStream.h>

#include <atomic>
#include <sstream>

#include "support/error.hpp"
#include "tests/api/scripted_server.hpp"
#include "tests/catch.hpp"

namespace {

using namespace mirror;
using namespace mirror::api;
using namespace mirror::tests;
using namespace std::chrono_literals;

const std::stop_token never;

ApiOptions options_for(const std::string& url) {
  ApiOptions options;
  options.base_url = url;
  return options;
}

Environment no_environment() {
  return [](const char*) { return std::nullopt; };
}

HttpRequest get(const std::string& target = "/users") {
  HttpRequest request;
  request.target = target;
  request.headers = {{"Authorization", "Bearer sk_test_hidden"}};
  return request;
}

HttpResponse send(PocoTransport& transport, std::chrono::milliseconds timeout = 20s,
                  const HttpRequest& request = get()) {
  return transport.send(request, Deadline::after(timeout), never);
}

/// Sends one request to a server that plays `script` and gives the error's text.
std::string error_from(const ScriptedServer::Script& script, std::chrono::milliseconds timeout = 20s) {
  const ScriptedServer server({script});
  PocoTransport transport(options_for(server.url()), no_environment());
  try {
    send(transport, timeout);
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::unavailable);
    CHECK_THAT(error.what(), !ContainsSubstring("sk_test_hidden"));
    return error.what();
  }
  return "no error";
}

ScriptedServer::Script answer_and_close(std::string bytes) {
  return [bytes = std::move(bytes)](Peer& peer) {
    peer.read_request();
    peer.send(bytes);
  };
}

std::string gzip(const std::string& text) {
  std::ostringstream compressed;
  Poco::DeflatingOutputStream deflater(compressed, Poco::DeflatingStreamBuf::STREAM_GZIP);
  deflater << text;
  deflater.close();
  return compressed.str();
}

}  // namespace

TEST_CASE("a request goes out with host and headers and its answer comes back whole") {
  std::string seen;
  const ScriptedServer server({[&](Peer& peer) {
    seen = peer.read_request();
    peer.send(http_answer(R"({"a":1})", "X-Request-ID:  req_1 \r\nDate: now\r\n"));
    peer.hold();
  }});
  PocoTransport transport(options_for(server.url() + "/base/"), no_environment());
  const HttpResponse response = send(transport);
  CHECK(response.status == 200);
  CHECK(response.body == R"({"a":1})");
  CHECK(response.header("x-request-id") == "req_1");
  CHECK_THAT(seen, ContainsSubstring("GET /base/users HTTP/1.1\r\n") && ContainsSubstring("Host: 127.0.0.1:") &&
                       ContainsSubstring("Authorization: Bearer sk_test_hidden\r\n") &&
                       ContainsSubstring("Accept-Encoding: gzip\r\n"));
}

TEST_CASE("a connection is kept and carries the next request") {
  const ScriptedServer server({always(http_answer("{}"))});
  PocoTransport transport(options_for(server.url()), no_environment());
  for (int i = 0; i < 5; ++i) CHECK(send(transport).body == "{}");
  CHECK(server.accepted() == 1);
}

TEST_CASE("a server that asks to close gets a new connection for the next request") {
  const ScriptedServer server({answer_and_close(http_answer("{}", "Connection: close\r\n"))});
  PocoTransport transport(options_for(server.url()), no_environment());
  for (int i = 0; i < 2; ++i) CHECK(send(transport).body == "{}");
  CHECK(server.accepted() == 2);
}

TEST_CASE("a kept connection that the server closed is replaced at once") {
  const ScriptedServer server({answer_and_close(http_answer("1")), answer_and_close(http_answer("2"))});
  PocoTransport transport(options_for(server.url()), no_environment());
  CHECK(send(transport).body == "1");
  CHECK(send(transport).body == "2");
  CHECK(server.accepted() == 2);
}

TEST_CASE("a request that is not safe never goes over a kept connection") {
  std::atomic<int> posts = 0;
  const ScriptedServer server({always(http_answer("1")), [&](Peer& peer) {
                                 if (!peer.read_request().empty()) ++posts;
                               }});
  PocoTransport transport(options_for(server.url()), no_environment());
  send(transport);
  HttpRequest post = get();
  post.method = "POST";
  CHECK_THROWS_AS(send(transport, 20s, post), Error);
  CHECK(posts == 1);
}

TEST_CASE("a fresh connection that ends without an answer is an error and not tried again") {
  const ScriptedServer server({[](Peer& peer) { peer.read_request(); }});
  PocoTransport transport(options_for(server.url()), no_environment());
  CHECK_THROWS_AS(send(transport), Error);
  CHECK(server.accepted() == 1);
}

TEST_CASE("a body that drips does not outlast the total deadline") {
  const auto begin = std::chrono::steady_clock::now();
  const std::string error = error_from(
      [](Peer& peer) {
        peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        while (!peer.test_ended() && peer.send("x") && !peer.await_input(20)) {
        }
      },
      300ms);
  CHECK_THAT(error, ContainsSubstring("in time"));
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
}

TEST_CASE("headers that drip or never come do not outlast the deadline either") {
  CHECK_THAT(error_from([](Peer& peer) { peer.hold(); }, 200ms), ContainsSubstring("in time"));
  CHECK_THAT(error_from(
                 [](Peer& peer) {
                   peer.read_request();
                   peer.send("HTTP/1.1 200 OK\r\n");
                   while (!peer.test_ended() && peer.send("A: b\r\n") && !peer.await_input(20)) {
                   }
                 },
                 300ms),
             ContainsSubstring("in time"));
}

TEST_CASE("a stop aborts a request in flight at once") {
  std::stop_source stop;
  const ScriptedServer server({[&](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbeginning");
    peer.await_input(100);  // nothing comes: by now the client waits for the rest
    stop.request_stop();
    peer.hold();
  }});
  PocoTransport transport(options_for(server.url()), no_environment());
  const auto begin = std::chrono::steady_clock::now();
  try {
    transport.send(get(), Deadline::after(60s), stop.get_token());
    FAIL("not stopped");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::stopped);
  }
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
}

TEST_CASE("a stop of one request does not reach the next one on the same connection") {
  const ScriptedServer server({[](Peer& peer) {
    while (!peer.read_request().empty()) {
      peer.await_input(100);  // the client has to wait for its answer
      peer.send(http_answer("{}"));
    }
  }});
  PocoTransport transport(options_for(server.url()), no_environment());
  std::stop_source stop;
  transport.send(get(), Deadline::after(20s), stop.get_token());
  stop.request_stop();
  CHECK(send(transport).body == "{}");
  CHECK(server.accepted() == 1);
}

TEST_CASE("a body that ends early is an error") {
  CHECK_THAT(error_from(answer_and_close("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"data\":[]}")),
             ContainsSubstring("cut"));
  CHECK_THAT(error_from(answer_and_close("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")),
             ContainsSubstring("cut"));
  CHECK_THAT(error_from(answer_and_close("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nhello")),
             ContainsSubstring("cut"));
  CHECK_THAT(error_from(answer_and_close("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n")),
             ContainsSubstring("cut"));
  CHECK_THAT(error_from(answer_and_close("HTTP/1.1 200 OK\r\nContent-")), ContainsSubstring("cut"));
  CHECK_THAT(error_from(answer_and_close("HTTP/1.1 200 OK\r\n\r\n{\"data\":[]}")), ContainsSubstring("no length"));
}

TEST_CASE("a chunked body is put together and its connection kept") {
  const ScriptedServer server(
      {always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\nA\r\n, world...\r\n0\r\nTrailer: "
              "t\r\n\r\n")});
  PocoTransport transport(options_for(server.url()), no_environment());
  for (int i = 0; i < 2; ++i) CHECK(send(transport).body == "hello, world...");
  CHECK(server.accepted() == 1);
}

TEST_CASE("interim answers are passed over") {
  const ScriptedServer server({always("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + http_answer("{}"))});
  PocoTransport transport(options_for(server.url()), no_environment());
  CHECK(send(transport).body == "{}");
}

TEST_CASE("bytes behind an answer cost the connection and never reach the next request") {
  const ScriptedServer server({always(http_answer("1") + http_answer("evil")), always(http_answer("2"))});
  PocoTransport transport(options_for(server.url()), no_environment());
  CHECK(send(transport).body == "1");
  CHECK(send(transport).body == "2");
}

TEST_CASE("an answer that breaks the protocol is an error") {
  for (const std::string bytes :
       {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: magic\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx"}) {
    INFO(bytes);
    CHECK(error_from(answer_and_close(bytes)) != "no error");
  }
}

TEST_CASE("an answer that is too large is refused before it is read") {
  CHECK_THAT(error_from(answer_and_close("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")),
             ContainsSubstring("16 MiB"));
  CHECK_THAT(error_from([](Peer& peer) {
               peer.read_request();
               peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
               const std::string chunk = "100000\r\n" + std::string(0x100000, ' ') + "\r\n";
               while (peer.send(chunk)) {
               }
             }),
             ContainsSubstring("16 MiB"));
  CHECK_THAT(error_from([](Peer& peer) {
               peer.read_request();
               peer.send("HTTP/1.1 200 OK\r\n");
               while (peer.send("X-Filler: " + std::string(1000, 'x') + "\r\n")) {
               }
             }),
             ContainsSubstring("64 KiB"));
}

TEST_CASE("a gzip body is inflated") {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i) + ",";
  const ScriptedServer server({always(http_answer(gzip(text), "Content-Encoding: gzip\r\n"))});
  PocoTransport transport(options_for(server.url()), no_environment());
  CHECK(send(transport).body == text);
}

TEST_CASE("a gzip body that is cut, damaged or a bomb is an error") {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i) + ",";
  const std::string whole = gzip(text);
  const auto answer = [](const std::string& body) {
    return answer_and_close(http_answer(body, "Content-Encoding: gzip\r\n"));
  };
  std::string damaged = whole;
  damaged[damaged.size() / 2] = static_cast<char>(~damaged[damaged.size() / 2]);
  CHECK_THAT(error_from(answer(damaged)), ContainsSubstring("damaged"));
  for (const std::size_t kept : {std::size_t{5}, whole.size() / 2, whole.size() - 9, whole.size() - 1}) {
    CHECK_THAT(error_from(answer(whole.substr(0, kept))), ContainsSubstring("damaged"));
  }
  // The library would give the first part and say nothing.
  CHECK_THAT(error_from(answer(whole + gzip("more"))), ContainsSubstring("damaged"));
  CHECK_THAT(error_from(answer("not gzip at all, but long enough")), ContainsSubstring("damaged"));
  CHECK_THAT(error_from(answer(gzip(std::string(70 << 20, 'x')))), ContainsSubstring("larger than allowed"));
}

TEST_CASE("a redirect is handed back and never followed") {
  const ScriptedServer other({always(http_answer("stolen"))});
  const ScriptedServer server({always(http_answer("", "Location: " + other.url() + "/\r\n", "302 Found"))});
  PocoTransport transport(options_for(server.url()), no_environment());
  const HttpResponse response = send(transport);
  CHECK(response.status == 302);
  CHECK(other.accepted() == 0);
}

TEST_CASE("a host that refuses connections is named") {
  std::string url;
  { url = ScriptedServer({always("")}).url(); }
  PocoTransport transport(options_for(url), no_environment());
  try {
    send(transport);
    FAIL("connected");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::unavailable);
    CHECK_THAT(error.what(), ContainsSubstring(url.substr(7)) && ContainsSubstring("refused"));
  }
}

TEST_CASE("a plain request through a proxy carries the whole address and the proxy's password") {
  std::string seen;
  const ScriptedServer proxy({[&](Peer& peer) {
    seen = peer.read_request();
    peer.send(http_answer("{}"));
  }});
  PocoTransport transport(options_for("http://api.invalid:81/p"), [&](const char* name) -> std::optional<std::string> {
    if (std::string(name) == "http_proxy") return "http://u:p@127.0.0.1:" + std::to_string(proxy.port());
    return std::nullopt;
  });
  CHECK(send(transport).body == "{}");
  CHECK_THAT(seen, ContainsSubstring("GET http://api.invalid:81/p/users HTTP/1.1\r\n") &&
                       ContainsSubstring("Proxy-Authorization: Basic dTpw\r\n") &&
                       ContainsSubstring("Host: api.invalid:81\r\n"));
}

TEST_CASE("many threads share the transport") {
  const ScriptedServer server({always(http_answer(std::string(50'000, 'x')))});
  PocoTransport transport(options_for(server.url()), no_environment());
  std::atomic<int> whole = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 25; ++j) {
          if (send(transport).body.size() == 50'000) ++whole;
        }
      });
    }
  }
  CHECK(whole == 200);
  CHECK(server.accepted() <= 8);
}
