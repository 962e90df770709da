#include <regex>
#include <set>
#include <sstream>

#include "http/metrics_handler.hpp"
#include "http/server.hpp"
#include "tests/catch.hpp"
#include "tests/http/board_clock.hpp"
#include "tests/http/raw_client.hpp"

using namespace mirror;

namespace {

std::vector<http::Sample> api_samples() {
  using Kind = http::Sample::Kind;
  return {{"api_requests_total", "Requests by status class.", Kind::counter, {{"class", "2xx"}}, 12},
          {"api_requests_total", "Requests by status class.", Kind::counter, {{"class", "5xx"}}, 1},
          {"api_pace", "Requests per second allowed now.", Kind::gauge, {}, 12.5}};
}

struct Scrape {
  Scrape() {
    http::add_metrics_route(routes, board, health, api_samples);
    http::HttpOptions options;
    options.listen = "127.0.0.1:0";
    server = std::make_unique<http::Server>(options, routes);
  }

  [[nodiscard]] std::string text() const {
    const auto answer = test::ask(server->port(), "GET", "/metrics");
    REQUIRE(answer.status == 200);
    REQUIRE_THAT(answer.head, ContainsSubstring("text/plain; version=0.0.4"));
    return answer.body;
  }

  test::BoardClock clock;
  sync::StatusBoard board{clock};
  http::Health health{board, clock, {}};
  http::Routes routes;
  std::unique_ptr<http::Server> server;
};

void add_rows(sync::StatusBoard& board, std::uint64_t rows) {
  board.update("users", [&](sync::StreamProgress& progress) { progress.rows += rows; });
}

}  // namespace

TEST_CASE("every line of the metrics is a comment or a sample of a family that has HELP and TYPE") {
  Scrape scrape;
  add_rows(scrape.board, 100);
  scrape.board.raise("hold", "users", sync::Severity::degraded, "quote \" and\nline break", "");
  const std::regex sample(R"re(^(authkit_mirror_[a-z_]+)(\{([a-z_]+="([^"\\]|\\.)*",?)*\})? [-+0-9.e]+$)re");
  const std::regex comment(R"(^# (HELP|TYPE) (authkit_mirror_[a-z_]+) .+$)");
  std::set<std::string> described;
  std::istringstream lines(scrape.text());
  int samples = 0;
  for (std::string line; std::getline(lines, line);) {
    std::smatch parts;
    INFO(line);
    if (line.starts_with("#")) {
      REQUIRE(std::regex_match(line, parts, comment));
      const bool repeated = parts[1] == "TYPE" && !described.insert(parts[2]).second;
      REQUIRE_FALSE(repeated);
    } else {
      REQUIRE(std::regex_match(line, parts, sample));
      REQUIRE(described.contains(parts[1]));
      ++samples;
    }
  }
  REQUIRE(samples > 20);
}

TEST_CASE("a counter goes on where a new pass starts its numbers again") {
  Scrape scrape;
  add_rows(scrape.board, 100);
  scrape.board.update("users", [](sync::StreamProgress& progress) { progress = {}; });
  add_rows(scrape.board, 100);
  REQUIRE_THAT(scrape.text(), ContainsSubstring("authkit_mirror_rows_total{stream=\"users\"} 200"));
}

TEST_CASE("samples of another folder appear with one HELP per name") {
  Scrape scrape;
  const std::string text = scrape.text();
  REQUIRE_THAT(text, ContainsSubstring("authkit_mirror_api_requests_total{class=\"2xx\"} 12"));
  REQUIRE_THAT(text, ContainsSubstring("authkit_mirror_api_requests_total{class=\"5xx\"} 1"));
  REQUIRE_THAT(text, ContainsSubstring("authkit_mirror_api_pace 12.5"));
}

TEST_CASE("role, health and findings are there as gauges") {
  Scrape scrape;
  scrape.board.set_role(sync::Role::standby);
  scrape.board.raise("database_away", "", sync::Severity::failing, "gone", "");
  const std::string text = scrape.text();
  REQUIRE_THAT(text, ContainsSubstring("authkit_mirror_role{role=\"standby\"} 1"));
  REQUIRE_THAT(text, ContainsSubstring("authkit_mirror_role{role=\"writer\"} 0"));
  REQUIRE_THAT(text, ContainsSubstring("authkit_mirror_health{state=\"failing\"} 1"));
  REQUIRE_THAT(text,
               ContainsSubstring("authkit_mirror_finding{code=\"database_away\",subject=\"\",severity=\"failing\"} 1"));
}
