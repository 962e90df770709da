#include "tests/app/program.hpp"
#include "tests/catch.hpp"

using namespace mirror;
using namespace mirror::harness;
using namespace mirror::test;

namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

/// The slowest of some answers of each kind.
Milliseconds slowest_answer(const Program& daemon) {
  Milliseconds slowest{0};
  for (int i = 0; i < 20; ++i) {
    for (const char* path : {"/metrics", "/healthz", "/livez", "/status.json"}) {
      const auto asked = std::chrono::steady_clock::now();
      REQUIRE(daemon.ask(path).status == 200);
      slowest = std::max(slowest, Milliseconds(std::chrono::steady_clock::now() - asked));
    }
  }
  return slowest;
}

}  // namespace

TEST_CASE("metrics and health answer while the daemon's server is besieged") {
  ProgramFixture mirror;
  auto daemon = mirror.start({"run"}, {"WORKOS_WEBHOOK_SECRET=whsec_simulator"});
  REQUIRE(wait_until([&] { return daemon->ask("/readyz").status == 200; }));
  const Milliseconds in_peace = slowest_answer(*daemon);

  const auto idle = idle_connections(daemon->port(), 1000);
  const std::string webhook = "POST /webhooks/workos HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
  std::vector<std::unique_ptr<Connection>> slow;
  for (int i = 0; i < 100; ++i) {  // more than the server has threads
    slow.push_back(std::make_unique<Connection>(daemon->port()));
    slow.back()->send(webhook + "Content-Length: 1000\r\n\r\n{");
  }
  for (const char* path : {"/", "/metrics", "/healthz", "/livez", "/readyz", "/status.json", "/status.js",
                           "/status.css", "/v1/wait", "/webhooks/workos", "/nothing"}) {
    const std::string target = path;
    for (const std::string& bytes :
         {"BREW " + target + " HTTP/1.1\r\nHost: a\r\n\r\n", "GET " + target + "\xff HTTP/1.1\r\nHost: a\r\n\r\n",
          "\x16\x03\x01" + target + std::string("\0\xff\r\n\r\n", 6),
          "GET " + target + " HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
          "GET " + target + " HTTP/1.1\r\nHost: a\r\nx: " + std::string(20'000, 'v') + "\r\n\r\n",
          "GET " + target +
              " HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
      const Connection connection(daemon->port());
      connection.send(bytes);
      connection.end_sending();
      const std::string all = connection.read_to_end();
      INFO(bytes.substr(0, 80) << " was answered: " << all);
      CHECK((all.empty() || read_answer(all).status >= 400));
    }
  }
  const Milliseconds besieged = slowest_answer(*daemon);
  WARN("the slowest of 80 answers took " << in_peace.count() << " ms in peace, " << besieged.count()
                                         << " ms beside 1,000 idle connections and 100 slow webhooks");
  CHECK(besieged < std::chrono::seconds{2});
  CHECK(daemon->ask("/livez").status == 200);
}
