#include <algorithm>
#include <mutex>
#include <set>

#include "support/error.hpp"
#include "tests/catch.hpp"
#include "tests/harness/wait_until.hpp"
#include "tests/simulator/changes.hpp"
#include "tests/simulator/http_server.hpp"
#include "tests/simulator/simulator.hpp"
#include "tests/simulator/test_client.hpp"
#include "tests/simulator/webhook_signing.hpp"

using namespace mirror;
using namespace mirror::simulator;
using namespace std::chrono_literals;

namespace {

/// Takes webhooks and answers what it is told to.
class Receiver {
 public:
  Receiver() : server_([this](const Request& request) { return take(request); }, 60s) { server_.start(0); }
  ~Receiver() { server_.stop(); }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(server_.port()) + "/webhooks/workos";
  }
  /// The first so many are answered with this status, the others with 200.
  void refuse(int count, int status) {
    const std::lock_guard lock(mutex_);
    to_refuse_ = count;
    status_ = status;
  }
  std::vector<Request> received() {
    const std::lock_guard lock(mutex_);
    return received_;
  }
  std::vector<std::string> ids() {
    std::vector<std::string> ids;
    for (const Request& request : received()) ids.push_back(nlohmann::json::parse(request.body)["id"]);
    return ids;
  }

 private:
  Answer take(const Request& request) {
    const std::lock_guard lock(mutex_);
    received_.push_back(request);
    return json_answer(to_refuse_-- > 0 ? status_ : 200, "{}");
  }

  std::mutex mutex_;
  std::vector<Request> received_;
  int to_refuse_ = 0;
  int status_ = 200;
  HttpServer server_;
};

SimulatorOptions small_directory() {
  return {.directory = {.organizations = 3, .users = 40, .memberships = 60, .invitations = 5}};
}

void make_events(Simulator& simulator, std::size_t count) {
  simulator.with([&](World& world) { Changes(world.store, 3).create(Kind::users, count); });
}

std::vector<std::string> event_ids(Simulator& simulator) {
  return simulator.with([](World& world) {
    std::vector<std::string> ids;
    const EventLog& log = world.store.events();
    for (std::size_t i = 0; i < log.size(); ++i) ids.push_back(log.at(i).id);
    return ids;
  });
}

bool is_done(Simulator& simulator) {
  return harness::wait_until([&] { return simulator.webhooks().waiting == 0; });
}

/// Whether the header fits the body for the simulator's secret.
bool is_signed(const Request& request, const std::string& secret = "whsec_simulator") {
  const std::string header{request.header("workos-signature")};
  const std::int64_t milliseconds = std::stoll(header.substr(2));
  return header == sign_webhook(secret, {milliseconds * 1000}, request.body);
}

}  // namespace

TEST_CASE("every event is sent at once, whole and signed, also one that readers do not see yet") {
  SimulatorOptions options = small_directory();
  options.visibility_delay = 1h;
  Receiver receiver;
  Simulator simulator(options);
  simulator.start();
  simulator.send_webhooks({.url = receiver.url(), .senders = 1});
  simulator.with([](World& world) { world.clock.set(*parse_instant("2026-03-01T00:00:00Z")); });
  make_events(simulator, 20);
  REQUIRE(is_done(simulator));
  REQUIRE(receiver.ids() == event_ids(simulator));
  const Request first = receiver.received().front();
  REQUIRE(first.path == "/webhooks/workos");
  REQUIRE(first.header("content-type") == "application/json");
  REQUIRE_THAT(std::string{first.header("workos-signature")}, ContainsSubstring("t=177232320"));
  REQUIRE(is_signed(first));
  REQUIRE(simulator.with([](World& world) { return world.store.events().at(0).text; }) == first.body);
  REQUIRE(simulator.webhooks().delivered == 20);
}

TEST_CASE("sign makes what the senders make") {
  Simulator simulator(small_directory());
  simulator.with([](World& world) {
    world.clock.freeze(true);
    world.clock.set({1'768'478'400'000'000});
  });
  // printf '1768478400000.{}' | openssl dgst -sha256 -hmac whsec_simulator
  REQUIRE(simulator.sign("{}") ==
          "t=1768478400000, v1=9f385e04aaac1363d4de3462cb381d548239f4316ef05eded656928215daeb39");
}

TEST_CASE("the same seed drops and doubles the same events") {
  std::vector<std::multiset<std::string>> runs;
  for (int run = 0; run < 2; ++run) {
    Receiver receiver;
    Simulator simulator(small_directory());
    simulator.with([](World& world) {
      world.clock.freeze(true);
      world.clock.set({1'768'478'400'000'000});
    });
    simulator.start();
    simulator.send_webhooks({.url = receiver.url(), .drop = 0.3, .duplicate = 0.3, .seed = 5});
    make_events(simulator, 100);
    REQUIRE(is_done(simulator));
    const WebhookCounters counters = simulator.webhooks();
    REQUIRE(counters.dropped > 10);
    REQUIRE(counters.duplicated > 10);
    REQUIRE(counters.delivered == 100 - counters.dropped + counters.duplicated);
    const auto ids = receiver.ids();
    runs.emplace_back(ids.begin(), ids.end());
  }
  REQUIRE(runs[0] == runs[1]);
}

TEST_CASE("events overtake each other when they may, and wait as long as they are told to") {
  Receiver receiver;
  Simulator simulator(small_directory());
  simulator.start();
  simulator.send_webhooks({.url = receiver.url(), .senders = 1, .delay = 100ms, .reorder = 100ms});
  const auto start = std::chrono::steady_clock::now();
  make_events(simulator, 30);
  REQUIRE(harness::wait_until([&] { return simulator.webhooks().delivered > 0; }));
  REQUIRE(std::chrono::steady_clock::now() - start >= 100ms);
  REQUIRE(is_done(simulator));
  auto ids = receiver.ids();
  REQUIRE_FALSE(std::ranges::is_sorted(ids));
  std::ranges::sort(ids);
  REQUIRE(ids == event_ids(simulator));
}

TEST_CASE("what is refused is sent again with the same signature, until it is given up") {
  Receiver receiver;
  Simulator simulator(small_directory());
  simulator.start();
  simulator.send_webhooks({.url = receiver.url(), .senders = 1, .retries = 2, .backoff = 1ms});
  receiver.refuse(2, 503);
  make_events(simulator, 1);
  REQUIRE(is_done(simulator));
  REQUIRE(receiver.received().size() == 3);
  REQUIRE(receiver.received()[0].header("workos-signature") == receiver.received()[2].header("workos-signature"));
  receiver.refuse(3, 401);
  make_events(simulator, 1);
  REQUIRE(is_done(simulator));
  const WebhookCounters counters = simulator.webhooks();
  REQUIRE(counters.sent == 6);
  REQUIRE(counters.delivered == 1);
  REQUIRE(counters.given_up == 1);
  REQUIRE(counters.refused == std::map<int, std::size_t>{{401, 3}, {503, 2}});
}

TEST_CASE("a spoiled signature is made good by the retry") {
  Receiver receiver;
  Simulator simulator(small_directory());
  simulator.start();
  const bool stale = GENERATE(false, true);
  receiver.refuse(1, 401);
  simulator.send_webhooks(
      {.url = receiver.url(), .wrong_signature = stale ? 0.0 : 1.0, .stale = stale ? 1.0 : 0.0, .backoff = 1ms});
  make_events(simulator, 1);
  REQUIRE(is_done(simulator));
  const auto received = receiver.received();
  REQUIRE(received.size() == 2);
  REQUIRE(is_signed(received[0]) == stale);
  REQUIRE(is_signed(received[1]));
  const auto time_of = [](const Request& request) {
    return std::stoll(std::string{request.header("workos-signature").substr(2)});
  };
  REQUIRE((time_of(received[1]) - time_of(received[0]) >= 3'600'000) == stale);
  REQUIRE(simulator.webhooks().stale == (stale ? 1 : 0));
  REQUIRE(simulator.webhooks().wrong_signatures == (stale ? 0 : 1));
}

TEST_CASE("a receiver that is away is counted, and reached once it is there") {
  Simulator simulator(small_directory());
  simulator.start();
  std::string url;
  {
    const Receiver gone;
    url = gone.url();
  }
  simulator.send_webhooks({.url = url, .retries = 0});
  make_events(simulator, 3);
  REQUIRE(is_done(simulator));
  REQUIRE(simulator.webhooks().unanswered == 3);
  REQUIRE(simulator.webhooks().given_up == 3);
}

TEST_CASE("webhooks are set up, shown and ended through the control endpoint") {
  Receiver receiver;
  Simulator simulator(small_directory());
  simulator.start();
  TestClient client(simulator.port());
  const std::string setup = R"({"url":")" + receiver.url() + R"(","secret":"whsec_other","duplicate":1})";
  REQUIRE(client.send("POST", "/_simulator/webhooks", setup).status == 200);
  make_events(simulator, 2);
  REQUIRE(is_done(simulator));
  const auto shown = client.get("/_simulator/webhooks").json();
  REQUIRE(shown["events"] == 2);
  REQUIRE(shown["delivered"] == 4);
  REQUIRE(is_signed(receiver.received().front(), "whsec_other"));
  REQUIRE(client.send("DELETE", "/_simulator/webhooks").status == 200);
  make_events(simulator, 2);
  REQUIRE(simulator.webhooks().events == 0);
  for (const char* wrong : {R"({})", R"({"url":"https://example.com/x"})", R"({"url":"http://127.0.0.1:x/"})"}) {
    REQUIRE(client.send("POST", "/_simulator/webhooks", wrong).status == 400);
  }
}

TEST_CASE("senders keep their connections, and stopping the simulator ends them") {
  Receiver receiver;
  SimulatorOptions options = small_directory();
  options.webhooks = {.url = receiver.url(), .senders = 2};
  Simulator simulator(options);
  simulator.start();
  make_events(simulator, 50);
  REQUIRE(is_done(simulator));
  REQUIRE(std::ranges::all_of(receiver.received(), [](const Request& request) { return request.keep_alive; }));
  simulator.stop();
  make_events(simulator, 5);
  REQUIRE(simulator.webhooks().waiting == 5);
  simulator.start();
  REQUIRE(is_done(simulator));
  REQUIRE(simulator.webhooks().delivered == 55);
}
