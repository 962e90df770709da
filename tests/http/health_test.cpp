#include <nlohmann/json.hpp>

#include "http/health_handler.hpp"
#include "http/server.hpp"
#include "model/streams.hpp"
#include "tests/catch.hpp"
#include "tests/http/board_clock.hpp"
#include "tests/http/raw_client.hpp"

using namespace mirror;
using namespace std::chrono_literals;
using nlohmann::json;
using test::ask;

namespace {

/// A daemon in miniature: a board, its clock, and the real server in front.
struct Daemon {
  Daemon() {
    http::add_health_routes(routes, {{"default", &board, &health}});
    http::HttpOptions options;
    options.listen = "127.0.0.1:0";
    server = std::make_unique<http::Server>(options, routes);
  }

  void certify_all() {
    for (const StreamSpec* stream : all_streams()) {
      board.update(stream->name, [&](sync::StreamProgress& progress) { progress.certified_at = clock.wall(); });
    }
    board.set_database_ready(true);
    board.set_role(sync::Role::writer);
  }

  [[nodiscard]] json healthz(int expected_status) const {
    const auto answer = ask(server->port(), "GET", "/healthz");
    REQUIRE(answer.status == expected_status);
    return json::parse(answer.body);
  }

  test::BoardClock clock;
  sync::StatusBoard board{clock};
  http::Health health{board, clock, {}};
  http::Routes routes;
  std::unique_ptr<http::Server> server;
};

}  // namespace

TEST_CASE("a daemon with fresh certificates and no finding is ok") {
  Daemon daemon;
  daemon.certify_all();
  const json answer = daemon.healthz(200);
  REQUIRE(answer["status"] == "ok");
  REQUIRE(answer["role"] == "writer");
  REQUIRE(answer["findings"].empty());
  REQUIRE(answer["streams"].size() == all_streams().size());
}

TEST_CASE("degraded answers 200, failing 503, and the finding keeps the time of its first report") {
  Daemon daemon;
  daemon.certify_all();
  daemon.board.raise("hold", "users", sync::Severity::degraded, "600 deletions are held", "authkit-mirror holds");
  const json degraded = daemon.healthz(200);
  REQUIRE(degraded["status"] == "degraded");
  daemon.clock.passed += 60s;
  daemon.board.raise("hold", "users", sync::Severity::failing, "700 deletions are held", "authkit-mirror holds");
  const json failing = daemon.healthz(503);
  REQUIRE(failing["status"] == "failing");
  REQUIRE(failing["findings"][0]["cause"] == "700 deletions are held");
  REQUIRE(failing["findings"][0]["since"] == degraded["findings"][0]["since"]);
  daemon.board.clear("hold", "users");
  REQUIRE(daemon.healthz(200)["status"] == "ok");
}

TEST_CASE("a certificate older than interval, jitter and max_lag makes health failing without any word of the engine") {
  Daemon daemon;
  daemon.certify_all();
  daemon.clock.passed += 3600s + 360s + 300s;
  REQUIRE(daemon.healthz(200)["status"] == "ok");
  daemon.clock.passed += 1s;
  const json answer = daemon.healthz(503);
  REQUIRE(answer["findings"][0]["code"] == "snapshot_overdue");
}

TEST_CASE("a longer interval after a reload is what counts") {
  Daemon daemon;
  daemon.certify_all();
  daemon.clock.passed += 2h;
  REQUIRE(daemon.healthz(503)["status"] == "failing");
  sync::SyncOptions options;
  for (const StreamSpec* stream : all_streams()) options.streams[std::string{stream->name}].sweep_interval = 3h;
  daemon.health.set_options(options);
  REQUIRE(daemon.healthz(200)["status"] == "ok");
}

TEST_CASE("ready means database, schema and one certificate per enabled stream") {
  Daemon daemon;
  REQUIRE(ask(daemon.server->port(), "GET", "/readyz").status == 503);
  daemon.certify_all();
  REQUIRE(ask(daemon.server->port(), "GET", "/readyz").status == 200);
  daemon.board.update("users", [](sync::StreamProgress& progress) { progress.certified_at.reset(); });
  const auto missing = ask(daemon.server->port(), "GET", "/readyz");
  REQUIRE(missing.status == 503);
  REQUIRE_THAT(missing.body, ContainsSubstring("users"));
  sync::SyncOptions options;
  options.streams["users"].enabled = false;
  daemon.health.set_options(options);
  REQUIRE(ask(daemon.server->port(), "GET", "/readyz").status == 200);
  daemon.board.set_database_ready(false);
  REQUIRE(ask(daemon.server->port(), "GET", "/readyz").status == 503);
}

TEST_CASE("a first load is degraded, not failing, and alive") {
  Daemon daemon;
  daemon.board.update("users", [](sync::StreamProgress& progress) { progress.phase = "walking"; });
  REQUIRE(daemon.healthz(200)["status"] == "degraded");
  REQUIRE(ask(daemon.server->port(), "GET", "/livez").status == 200);
}

TEST_CASE("a loop past its deadline ends liveness until it comes round, a retired one never does") {
  Daemon daemon;
  daemon.certify_all();
  daemon.board.finished_iteration("writer", 10s);
  daemon.board.finished_iteration("sweep", 5s);
  daemon.clock.passed += 10s;
  daemon.board.retire_loop("sweep");
  REQUIRE(ask(daemon.server->port(), "GET", "/livez").status == 200);
  daemon.clock.passed += 1s;
  const auto stalled = ask(daemon.server->port(), "GET", "/livez");
  REQUIRE(stalled.status == 503);
  REQUIRE_THAT(stalled.body, ContainsSubstring("writer"));
  REQUIRE(daemon.healthz(503)["findings"][0]["code"] == "loop_stalled");
  daemon.board.finished_iteration("writer", 10s);
  REQUIRE(ask(daemon.server->port(), "GET", "/livez").status == 200);
}

TEST_CASE("health is answered also when an error message is not UTF-8") {
  Daemon daemon;
  daemon.board.raise("stream_error", "users", sync::Severity::degraded, "bad \xff byte", "");
  REQUIRE(daemon.healthz(200)["status"] == "degraded");
}

TEST_CASE("of several environments the worst decides, each is told by its name, and one can be asked for") {
  Daemon daemon;
  daemon.certify_all();
  sync::StatusBoard other{daemon.clock};
  const http::Health other_health{other, daemon.clock, {}};
  http::Routes routes;
  http::add_health_routes(routes, {{"production", &daemon.board, &daemon.health}, {"staging", &other, &other_health}});
  const auto asked = [&](const std::string& path, const std::string& query = "") {
    return routes.at(path).answer(
        {.method = "GET", .path = path, .query = query, .headers = {}, .body = "", .client = ""});
  };
  other.raise("api_refused", "", sync::Severity::failing, "the key is refused", "");
  CHECK(asked("/healthz").status == 503);
  const json all = json::parse(asked("/healthz").body);
  CHECK(all["status"] == "failing");
  CHECK(all["environments"]["production"]["status"] == "ok");
  CHECK(all["environments"]["staging"]["findings"][0]["code"] == "api_refused");

  CHECK(asked("/healthz", "environment=production").status == 200);
  CHECK(json::parse(asked("/healthz", "pretty&environment=production").body)["role"] == "writer");
  CHECK(asked("/healthz", "environment=staging").status == 503);
  CHECK(asked("/readyz").status == 503);
  CHECK_THAT(asked("/readyz").body, ContainsSubstring("staging: no complete snapshot of users yet"));
  CHECK(asked("/readyz", "environment=production").status == 200);
  CHECK(asked("/healthz", "environment=elsewhere").status == 404);

  other.finished_iteration("engine", 1s);
  daemon.clock.passed += 2s;
  CHECK_THAT(asked("/livez").body, ContainsSubstring("staging: engine"));
  CHECK(asked("/livez", "environment=production").status == 200);
}
