#include "http/webhook_handler.hpp"

#include <mutex>
#include <stdexcept>

#include "http/server.hpp"
#include "support/error.hpp"
#include "tests/catch.hpp"
#include "tests/harness/wait_until.hpp"
#include "tests/http/raw_client.hpp"
#include "tests/http/webhook_signing.hpp"
#include "tests/support/manual_clock.hpp"

using namespace mirror;
using http::Server;
using http::WebhookHandler;
using http::WebhookOptions;
using sync::Delivery;
using test::Answer;

namespace {

constexpr std::int64_t now_milliseconds = 1'768'478'400'000;
const std::string secret = "whsec_test";
const std::string event = R"({"id":"event_1","event":"user.created","data":{}})";

/// A webhook as bytes; each part can be spoiled.
struct Webhook {
  std::string body = event;
  std::string signature = test::webhook_header(secret, now_milliseconds, body);
  std::string type = "application/json";
  bool close = true;

  [[nodiscard]] std::string head(std::size_t length) const {
    return "POST /webhooks/workos HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + type +
           "\r\nContent-Length: " + std::to_string(length) + "\r\nWorkOS-Signature: " + signature + "\r\n" +
           (close ? "Connection: close\r\n\r\n" : "\r\n");
  }
  [[nodiscard]] std::string bytes() const { return head(body.size()) + body; }
};

/// The handler behind a real server.
struct Receiver {
  explicit Receiver(WebhookOptions options = with_secret(),
                    std::chrono::milliseconds arrival = std::chrono::seconds{10})
      : handler(
            std::move(options), [this](std::string_view body) { return take(body); },
            [] { return Instant{now_milliseconds * 1000}; }, clock) {
    http::Routes routes;
    handler.add_route(routes);
    http::HttpOptions listening;
    listening.listen = "127.0.0.1:0";
    listening.arrival = arrival;
    server = std::make_unique<Server>(http::for_webhooks(listening), routes);
  }

  static WebhookOptions with_secret() { return {.secrets = {Secret{secret}}}; }
  static WebhookOptions allowing(const char* networks) {
    WebhookOptions options = with_secret();
    options.allow = http::AddressList::parse(networks).value();
    return options;
  }

  Delivery take(std::string_view body) {
    const std::lock_guard lock(mutex);
    bodies.emplace_back(body);
    return sink(body);
  }

  [[nodiscard]] Answer send(const std::string& bytes) const {
    return test::read_answer(test::send_raw(server->port(), bytes));
  }
  [[nodiscard]] int status_of(const Webhook& webhook) const { return send(webhook.bytes()).status; }
  [[nodiscard]] double counted(const std::string& result) const {
    for (const auto& sample : handler.samples()) {
      if (sample.labels.front().second == result) return sample.value;
    }
    FAIL("no counter " << result);
    return 0;
  }

  tests::ManualClock clock;
  std::mutex mutex;
  std::vector<std::string> bodies;
  std::function<Delivery(std::string_view)> sink = [](std::string_view) { return Delivery::applied; };
  WebhookHandler handler;
  std::unique_ptr<Server> server;
};

}  // namespace

TEST_CASE("a signed webhook reaches the sink byte by byte and is answered 200") {
  Receiver receiver;
  Webhook webhook{.body = "{\"name\":\"\xc3\xa9 \\u00e9\",  \"n\":1.0}\n"};
  webhook.type = "Application/JSON; charset=utf-8";
  const Answer answer = receiver.send(webhook.bytes());
  REQUIRE(answer.status == 200);
  REQUIRE(answer.body == "{\"status\":\"applied\"}\n");
  REQUIRE(receiver.bodies == std::vector<std::string>{webhook.body});
  REQUIRE(receiver.counted("applied") == 1);
}

TEST_CASE("several webhooks arrive on one connection") {
  Receiver receiver;
  const Webhook staying{.close = false};
  const test::Connection connection(receiver.server->port());
  for (int i = 0; i < 3; ++i) {
    connection.send(staying.bytes());
    REQUIRE(connection.read_answer().status == 200);
  }
  connection.send(Webhook{}.bytes());
  REQUIRE_THAT(connection.read_to_end(), ContainsSubstring("200 OK"));
  REQUIRE(receiver.bodies.size() == 4);
}

TEST_CASE("a refused webhook leaves the connection usable if its body was read") {
  Receiver receiver;
  const test::Connection connection(receiver.server->port());
  connection.send(Webhook{.signature = "t=1, v1=2", .close = false}.bytes());
  REQUIRE(connection.read_answer().status == 401);
  connection.send(Webhook{.close = false}.bytes());
  REQUIRE(connection.read_answer().status == 200);
}

TEST_CASE("a wrong signature and an old one are 401, counted apart, and nothing reaches the sink") {
  Receiver receiver;
  REQUIRE(receiver.status_of({.signature = test::webhook_header("whsec_other", now_milliseconds, event)}) == 401);
  REQUIRE(receiver.status_of({.signature = test::webhook_header(secret, now_milliseconds, event) +
                                           "\r\nWorkOS-Signature: t=1"}) == 401);
  REQUIRE(receiver.counted("refused_signature") == 2);
  for (const std::int64_t off : {-180'001, 180'001}) {
    REQUIRE(receiver.status_of({.signature = test::webhook_header(secret, now_milliseconds + off, event)}) == 401);
  }
  REQUIRE(receiver.counted("refused_stale") == 2);
  REQUIRE(receiver.bodies.empty());
}

TEST_CASE("an address that is not allowed is 403 before anything else is looked at") {
  Receiver receiver(Receiver::allowing("192.0.2.0/24"));
  REQUIRE(receiver.status_of({.signature = "nonsense", .type = "text/plain"}) == 403);
  REQUIRE(receiver.counted("refused_address") == 1);
  REQUIRE(Receiver(Receiver::allowing("192.0.2.0/24, 127.0.0.0/8")).status_of({}) == 200);
}

TEST_CASE("another content type is 415") {
  Receiver receiver;
  for (const char* type : {"text/plain", "application/jsonp", "", "application/json\r\nContent-Type: text/plain"}) {
    REQUIRE(receiver.status_of({.type = type}) == 415);
  }
  REQUIRE(receiver.counted("unsupported_type") == 4);
}

TEST_CASE("a body up to one mebibyte is taken, one that announces more is 413 and not waited for") {
  Receiver receiver;
  REQUIRE(receiver.status_of({.body = std::string(1024 * 1024, ' ')}) == 200);
  const test::Connection connection(receiver.server->port());
  connection.send(Webhook{}.head(1024 * 1024 + 1));
  REQUIRE(connection.read_answer().status == 413);
  REQUIRE(receiver.counted("too_large") == 1);
}

TEST_CASE("a sender of too much can send on and read the answer: the connection ends in order") {
  Receiver receiver;
  const test::Connection connection(receiver.server->port());
  connection.send(Webhook{.body = std::string(3 * 1024 * 1024, ' ')}.bytes());
  REQUIRE(connection.read_answer().status == 413);
  connection.end_sending();
  REQUIRE_FALSE(connection.ends_in_reset());
}

TEST_CASE("a request that comes in drips is 408 when its time is over, though each read is in time") {
  Receiver receiver(Receiver::with_secret(), std::chrono::seconds{1});
  const test::Connection connection(receiver.server->port());
  connection.send(Webhook{}.head(event.size()));
  std::jthread drips([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      connection.send(" ");
      std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
  });
  REQUIRE(connection.read_answer().status == 408);
  REQUIRE(receiver.counted("too_late") == 1);
  REQUIRE(receiver.bodies.empty());
}

TEST_CASE("a head that never ends does not hold the connection beyond its time") {
  Receiver receiver(Receiver::with_secret(), std::chrono::milliseconds{150});
  const test::Connection connection(receiver.server->port());
  connection.send("POST /webhooks/workos HTTP/1.1\r\nHost: ");
  REQUIRE(connection.read_to_end().empty());
}

TEST_CASE("a body that ends early is 400 and reaches nobody") {
  Receiver receiver;
  const test::Connection connection(receiver.server->port());
  connection.send(Webhook{}.head(event.size() + 1) + event);
  connection.end_sending();
  REQUIRE(connection.read_answer().status == 400);
  REQUIRE(receiver.bodies.empty());
}

TEST_CASE("what the sink says decides the answer") {
  Receiver receiver;
  receiver.sink = [](std::string_view) { return Delivery::malformed; };
  REQUIRE(receiver.status_of({}) == 400);
  receiver.sink = [](std::string_view) { return Delivery::unavailable; };
  const Answer later = receiver.send(Webhook{}.bytes());
  REQUIRE(later.status == 503);
  REQUIRE_THAT(later.head, ContainsSubstring("Retry-After: 5"));
  REQUIRE(receiver.counted("malformed") == 1);
  REQUIRE(receiver.counted("unavailable") == 1);
}

TEST_CASE("an error of the sink that passes by itself is 503, any other is 500 and says nothing of the inside") {
  Receiver receiver;
  for (const Fault fault : {Fault::unavailable, Fault::lease_lost, Fault::stopped}) {
    receiver.sink = [fault](std::string_view) -> Delivery { throw Error(fault, "inside"); };
    REQUIRE(receiver.status_of({}) == 503);
  }
  receiver.sink = [](std::string_view) -> Delivery { throw Error(Fault::bug, "inside"); };
  REQUIRE(receiver.status_of({}) == 500);
  receiver.sink = [](std::string_view) -> Delivery { throw std::runtime_error("inside"); };
  const Answer broken = receiver.send(Webhook{}.bytes());
  REQUIRE(broken.status == 500);
  REQUIRE_THAT(broken.body, !ContainsSubstring("inside"));
  REQUIRE(receiver.counted("unavailable") == 3);
  REQUIRE(receiver.counted("failed") == 2);
}

TEST_CASE("without a secret the path is 404 and says what is missing") {
  Receiver receiver(WebhookOptions{});
  const Answer answer = receiver.send(Webhook{}.bytes());
  REQUIRE(answer.status == 404);
  REQUIRE_THAT(answer.body, ContainsSubstring("no webhook secret is configured"));
  REQUIRE(receiver.handler.samples().empty());
}
