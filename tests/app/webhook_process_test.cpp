#include "tests/app/program.hpp"
#include "tests/catch.hpp"

using namespace mirror;
using namespace mirror::harness;
using namespace mirror::test;

namespace {

const std::string secret = "WORKOS_WEBHOOK_SECRET=whsec_simulator";

/// The port of the address that the daemon logged behind `mark`.
unsigned short port_behind(const Program& daemon, const std::string& mark) {
  const std::string start = mark + " at http://127.0.0.1:";
  REQUIRE(wait_until([&] { return daemon.has_printed(start); }));
  const std::string all = daemon.output();
  return static_cast<unsigned short>(std::stoi(all.substr(all.find(start) + start.size())));
}

Answer post_webhook(unsigned short port, const std::string& signature, const std::string& body) {
  return read_answer(send_raw(port, "POST /webhooks/workos HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                                        ("Content-Type: application/json\r\nWorkOS-Signature: " + signature) +
                                        "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body));
}

}  // namespace

TEST_CASE("the daemon receives webhooks beside its health, and counts them") {
  ProgramFixture mirror;
  auto daemon = mirror.start({"run"}, {secret});
  const unsigned short port = port_behind(*daemon, "health");
  CHECK(post_webhook(port, "t=1, v1=2", "{}").status == 401);
  CHECK(post_webhook(port, mirror.workos.sign("{}"), "{}").status != 401);
  CHECK_THAT(
      daemon->ask("/metrics").body,
      ContainsSubstring("authkit_mirror_webhooks_total{environment=\"default\",result=\"refused_signature\"} 1"));
}

TEST_CASE("with an address of their own, webhooks arrive only there, and nothing else is there") {
  ProgramFixture mirror;
  auto daemon = mirror.start({"run", "--set", "webhook.listen=127.0.0.1:0"}, {secret});
  const unsigned short own = port_behind(*daemon, "webhooks");
  CHECK(post_webhook(own, "t=1, v1=2", "{}").status == 401);
  for (const char* path : {"/", "/livez", "/readyz", "/healthz", "/metrics", "/status.json", "/status.js"}) {
    INFO(path);
    CHECK(ask(own, "GET", path).status == 404);
    CHECK(daemon->ask(path).status != 404);
  }
  CHECK(post_webhook(port_behind(*daemon, "health"), "t=1, v1=2", "{}").status == 404);
  daemon->process().signal(SIGTERM);
  CHECK(daemon->process().wait_for(std::chrono::seconds{10}) == 0);
}

TEST_CASE("without a secret the daemon says so to whoever sends webhooks") {
  ProgramFixture mirror;
  auto daemon = mirror.start({"run"});
  const Answer answer = post_webhook(port_behind(*daemon, "health"), "t=1, v1=2", "{}");
  CHECK(answer.status == 404);
  CHECK_THAT(answer.body, ContainsSubstring("no webhook secret is configured"));
}

TEST_CASE("the age of a webhook is judged by the API's clock, not by the host's") {
  ProgramFixture mirror;
  mirror.workos.with([](simulator::World& world) { world.clock.advance(std::chrono::hours{24 * 30}); });
  auto daemon = mirror.start({"run"}, {secret});
  REQUIRE(wait_until([&] {
    return mirror.database().value("SELECT to_regclass('workos.snapshots') IS NOT NULL") == "t" &&
           mirror.certified() > 0;
  }));
  const unsigned short port = port_behind(*daemon, "health");
  CHECK(post_webhook(port, mirror.workos.sign("{}"), "{}").status != 401);
}
