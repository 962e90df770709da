#include "http/status_page.hpp"

#include <nlohmann/json.hpp>

#include "http/server.hpp"
#include "tests/catch.hpp"
#include "tests/http/board_clock.hpp"
#include "tests/http/raw_client.hpp"

using namespace mirror;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

std::vector<http::Sample> some_samples() {
  using Kind = http::Sample::Kind;
  return {{"api_requests_total", "Requests.", Kind::counter, {{"status", "200"}}, 12},
          {"api_retries_total", "Retries.", Kind::counter, {}, 3}};
}

struct Page {
  Page() {
    http::add_status_page(routes, {{"production", &board, &health, some_samples}, {"staging", &other, &other_health}},
                          clock);
    http::HttpOptions options;
    options.listen = "127.0.0.1:0";
    server = std::make_unique<http::Server>(options, routes);
  }

  [[nodiscard]] json status(const std::string& query = "") const {
    const auto answer = test::ask(server->port(), "GET", "/status.json" + query);
    REQUIRE(answer.status == 200);
    return json::parse(answer.body);
  }

  test::BoardClock clock;
  sync::StatusBoard board{clock};
  http::Health health{board, clock, {}};
  sync::StatusBoard other{clock};
  http::Health other_health{other, clock, {}};
  http::Routes routes;
  std::unique_ptr<http::Server> server;
};

json stream_of(const json& status, const std::string& name) {
  for (const json& stream : status["streams"]) {
    if (stream["name"] == name) return stream;
  }
  return nullptr;
}

void add_rows(Page& page, std::uint64_t rows) {
  page.board.update("users", [&](sync::StreamProgress& progress) { progress.rows += rows; });
}

db::MirrorOverview eventful_overview() {
  db::MirrorOverview overview;
  auto& stream = overview.streams.emplace_back();
  stream.stream = "users";
  stream.seconds_since_certified = 60;
  auto& snapshot = overview.snapshots.emplace_back();
  snapshot.stream = "users";
  snapshot.state = "certified";
  snapshot.counts.rows = 1200;
  snapshot.first_id = "user_1";
  auto& hold = overview.holds.emplace_back();
  hold.id = 4;
  hold.stream = "users";
  overview.held_ids[4] = {"user_1", "user_2"};
  overview.parked.push_back({"events", "event_1", "no \xff text", Instant{}});
  overview.drift.push_back({"users", "no_event", 5, "user_3"});
  return overview;
}

}  // namespace

TEST_CASE("the status page may load nothing but its own style, script and data") {
  const Page page;
  const std::vector<std::pair<std::string, std::string>> files{
      {"/", "text/html"}, {"/status.css", "text/css"}, {"/status.js", "text/javascript"}};
  for (const auto& [path, type] : files) {
    const auto answer = test::ask(page.server->port(), "GET", path);
    REQUIRE(answer.status == 200);
    REQUIRE_THAT(answer.head, ContainsSubstring(type));
    REQUIRE_THAT(answer.head, ContainsSubstring("Content-Security-Policy: default-src 'none'; script-src 'self'"));
    REQUIRE_THAT(answer.head, !ContainsSubstring("unsafe"));
    REQUIRE_THAT(answer.body, !ContainsSubstring("//cdn") && !ContainsSubstring("https://"));
  }
}

TEST_CASE("the last hour is shown by minutes, and what is older is forgotten") {
  Page page;
  add_rows(page, 100);
  page.clock.passed += 2min;
  add_rows(page, 50);
  page.board.update("users", [](sync::StreamProgress& progress) { progress = {}; });
  add_rows(page, 7);
  auto minutes = stream_of(page.status(), "users")["last_hour"]["rows"];
  REQUIRE(minutes.size() == 60);
  CHECK(minutes[59] == 57);
  CHECK(minutes[58] == 0);
  CHECK(minutes[57] == 100);
  page.clock.passed += 58min;
  minutes = stream_of(page.status(), "users")["last_hour"]["rows"];
  CHECK(minutes[0] == 0);
  CHECK(minutes[1] == 57);
  page.clock.passed += 5h;
  CHECK(stream_of(page.status(), "users")["last_hour"]["rows"] == json(std::vector<int>(60, 0)));
}

TEST_CASE("holds, certificates, quarantine and drift appear with their ids as the database told them") {
  Page page;
  CHECK(page.status()["database_seconds_ago"].is_null());
  page.board.set_overview(eventful_overview());
  page.clock.passed += 10s;
  const json status = page.status();
  CHECK(status["environment"] == "production");
  CHECK(stream_of(status, "users")["certified_seconds_ago"] == 70);
  CHECK(stream_of(status, "users")["certified_rows"] == 1200);
  CHECK(stream_of(status, "invitations")["certified_rows"].is_null());
  CHECK(status["snapshots"][0]["first_id"] == "user_1");
  CHECK(status["holds"][0]["ids"] == json{"user_1", "user_2"});
  CHECK(status["quarantine"]["examples"][0]["id"] == "event_1");
  CHECK(status["drift"][0]["example_id"] == "user_3");
  CHECK(status["counters"]["api_requests_total"]["200"] == 12);
  CHECK(status["counters"]["api_retries_total"] == 3);
}

TEST_CASE("one environment is shown at a time, the first if none is named, and beside it how all are") {
  Page page;
  page.other.raise("api_refused", "", sync::Severity::failing, "the key is refused", "");
  const json first = page.status();
  CHECK(first["environment"] == "production");
  CHECK(first["environments"] ==
        json{{{"name", "production"}, {"state", "degraded"}}, {{"name", "staging"}, {"state", "failing"}}});
  const json second = page.status("?environment=staging");
  CHECK(second["environment"] == "staging");
  CHECK(second["findings"][0]["code"] == "api_refused");
  const auto unknown = test::ask(page.server->port(), "GET", "/status.json?environment=elsewhere");
  CHECK(unknown.status == 404);
  CHECK_THAT(unknown.body, ContainsSubstring("production, staging"));
}
