#include <set>

#include "tests/app/program.hpp"
#include "tests/catch.hpp"
#include "tests/harness/private_cluster.hpp"

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

/// Events that no poll brings, so that what is stored came by a webhook.
simulator::SimulatorOptions with_invisible_events() {
  auto options = ProgramFixture::small();
  options.visibility_delay = std::chrono::hours{1};
  return options;
}

simulator::Event rename_user(ProgramFixture& mirror) {
  return mirror.workos.with([](simulator::World& world) {
    const auto user = world.store.table(simulator::Kind::users).order().begin()->second->id;
    world.store.update(simulator::Kind::users, user, {{"first_name", "Told"}});
    return world.store.events().at(world.store.events().size() - 1);
  });
}

/// A value of webhooks_total.
double counted(const Program& daemon, const std::string& result) {
  const std::string name = "authkit_mirror_webhooks_total{environment=\"default\",result=\"" + result + "\"} ";
  const std::string metrics = daemon.ask("/metrics").body;
  const auto at = metrics.find(name);
  REQUIRE(at != std::string::npos);
  return std::stod(metrics.substr(at + name.size()));
}

/// Has every event sent, spoiled by the chances in `options`, and waits until all were answered or given up.
simulator::WebhookCounters send_events(ProgramFixture& mirror, const Program& daemon, simulator::WebhookOptions options,
                                       int events) {
  options.url = "http://127.0.0.1:" + std::to_string(daemon.port()) + "/webhooks/workos";
  options.backoff = std::chrono::milliseconds{1};
  mirror.workos.send_webhooks(options);
  for (int i = 0; i < events; ++i) rename_user(mirror);
  REQUIRE(wait_until([&] { return mirror.workos.webhooks().waiting == 0; }));
  return mirror.workos.webhooks();
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

TEST_CASE("webhooks with a wrong signature or a stale time are 401, counted, and nothing of them is stored") {
  ProgramFixture mirror(with_invisible_events());
  auto daemon = mirror.start({"run"}, {secret});
  // Else the first load could bring what the webhooks must not.
  REQUIRE(wait_until([&] { return daemon->role() == "writer" && mirror.certified() == 4; }));
  struct Spoiled {
    simulator::WebhookOptions options;
    const char* result;
  };
  const auto [options, result] = GENERATE(Spoiled{{.url = {}, .wrong_signature = 1, .retries = 0}, "refused_signature"},
                                          Spoiled{{.url = {}, .stale = 1, .retries = 0}, "refused_stale"});
  const auto sent = send_events(mirror, *daemon, options, 10);
  CHECK(sent.refused == std::map<int, std::size_t>{{401, 10}});
  CHECK(sent.delivered == 0);
  CHECK(counted(*daemon, result) == 10);
  CHECK(counted(*daemon, "applied") == 0);
  CHECK(mirror.database().count("SELECT count(*) FROM workos.events") == 0);
  CHECK(mirror.database().count("SELECT count(*) FROM workos.users WHERE first_name = 'Told'") == 0);
}

TEST_CASE("what was refused for its signature or its time arrives by a retry that is signed well") {
  ProgramFixture mirror(with_invisible_events());
  auto daemon = mirror.start({"run"}, {secret});
  REQUIRE(wait_until([&] { return daemon->role() == "writer"; }));
  const auto sent = send_events(mirror, *daemon, {.url = {}, .wrong_signature = 0.3, .stale = 0.3}, 40);
  REQUIRE(sent.wrong_signatures > 5);
  REQUIRE(sent.stale > 5);
  CHECK(sent.delivered == 40);
  CHECK(counted(*daemon, "refused_signature") == static_cast<double>(sent.wrong_signatures));
  CHECK(counted(*daemon, "refused_stale") == static_cast<double>(sent.stale));
  CHECK(counted(*daemon, "applied") == 40);
  CHECK(mirror.database().count("SELECT count(*) FROM workos.events WHERE webhook_at IS NOT NULL") == 40);
}

TEST_CASE("while its database is away the daemon answers 503 and stores nothing, and what it answers 200 is stored") {
  PrivateCluster cluster;
  TestDatabase database(cluster.url(), Content::nothing);
  ProgramFixture mirror(with_invisible_events());
  auto daemon = mirror.start({"run"}, {secret, "DATABASE_URL=" + database.url()});
  const unsigned short port = daemon->port();
  const auto answer_to = [&](const simulator::Event& event) {
    return post_webhook(port, mirror.workos.sign(event.text), event.text);
  };
  const auto stored = [&] {
    std::set<std::string> ids;
    for (const auto& row : database.rows("SELECT id FROM workos.events WHERE webhook_at IS NOT NULL"))
      ids.insert(row[0]);
    return ids;
  };
  std::set<std::string> accepted;
  const auto is_accepted = [&](const simulator::Event& event) {
    const bool is_ok = answer_to(event).status == 200;
    if (is_ok) accepted.insert(event.id);
    return is_ok;
  };
  REQUIRE(wait_until([&] { return daemon->role() == "writer"; }));
  for (int i = 0; i < 5; ++i) REQUIRE(is_accepted(rename_user(mirror)));
  REQUIRE(stored() == accepted);

  database.disconnect();
  cluster.kill();
  std::vector<simulator::Event> refused;
  for (int i = 0; i < 10; ++i) {
    refused.push_back(rename_user(mirror));
    const Answer answer = answer_to(refused.back());
    CHECK(answer.status == 503);
    CHECK_THAT(answer.head, ContainsSubstring("Retry-After: "));
  }
  CHECK(counted(*daemon, "unavailable") == 10);

  cluster.start();
  const auto next = rename_user(mirror);
  REQUIRE(wait_until([&] { return is_accepted(next); }, std::chrono::seconds{60}));
  CHECK(stored() == accepted);
  for (const auto& event : refused) CHECK(is_accepted(event));  // as WorkOS does it: again, until it is taken
  CHECK(stored() == accepted);
  CHECK(accepted.size() == 16);
}
