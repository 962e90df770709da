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
  return {{"api_requests_total", "Requests by status.", Kind::counter, {{"status", "200"}}, 12},
          {"api_requests_total", "Requests by status.", Kind::counter, {{"status", "503"}}, 1},
          {"api_pace", "Requests per second allowed now.", Kind::gauge, {}, 12.5}};
}

struct Scrape {
  Scrape() {
    http::add_metrics_route(routes, {{"production", &board, &health, api_samples}});
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
      const std::string family = std::regex_replace(parts[1].str(), std::regex("_(bucket|sum|count)$"), "");
      const bool is_described = described.contains(parts[1]) || described.contains(family);
      REQUIRE(is_described);
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
  REQUIRE_THAT(scrape.text(),
               ContainsSubstring("authkit_mirror_rows_total{environment=\"production\",stream=\"users\"} 200"));
}

TEST_CASE("samples of another folder appear with one HELP per name") {
  Scrape scrape;
  const std::string text = scrape.text();
  REQUIRE_THAT(text,
               ContainsSubstring("authkit_mirror_api_requests_total{environment=\"production\",status=\"200\"} 12"));
  REQUIRE_THAT(text,
               ContainsSubstring("authkit_mirror_api_requests_total{environment=\"production\",status=\"503\"} 1"));
  REQUIRE_THAT(text, ContainsSubstring("authkit_mirror_api_pace{environment=\"production\"} 12.5"));
}

TEST_CASE("role, health and findings are there as gauges") {
  Scrape scrape;
  scrape.board.set_role(sync::Role::standby);
  scrape.board.raise("database_away", "", sync::Severity::failing, "gone", "");
  const std::string text = scrape.text();
  REQUIRE_THAT(text, ContainsSubstring("authkit_mirror_role{environment=\"production\",role=\"standby\"} 1"));
  REQUIRE_THAT(text, ContainsSubstring("authkit_mirror_role{environment=\"production\",role=\"writer\"} 0"));
  REQUIRE_THAT(text, ContainsSubstring("authkit_mirror_health{environment=\"production\",state=\"failing\"} 1"));
  REQUIRE_THAT(text, ContainsSubstring("authkit_mirror_finding{environment=\"production\",code=\"database_away\","
                                       "subject=\"\",severity=\"failing\"} 1"));
}

TEST_CASE("holds, quarantine and drift are there before anything has happened, so that the first change shows") {
  Scrape scrape;
  REQUIRE_THAT(scrape.text(), !ContainsSubstring("open_holds"));  // nothing is claimed before the database was read
  db::MirrorOverview overview;
  scrape.board.set_overview(overview);
  const std::string before = scrape.text();
  REQUIRE_THAT(before, ContainsSubstring("authkit_mirror_open_holds{environment=\"production\",table=\"users\"} 0"));
  REQUIRE_THAT(before,
               ContainsSubstring("authkit_mirror_quarantined_objects{environment=\"production\",table=\"users\"} 0"));
  REQUIRE_THAT(
      before,
      ContainsSubstring(
          "authkit_mirror_drift_rows_total{environment=\"production\",table=\"users\",cause=\"missed_event\"} 0"));

  auto& hold = overview.holds.emplace_back();
  hold.stream = "users";
  hold.deletions = 600;
  hold.cascades = 40;
  overview.quarantine["users"] = 2;
  overview.drift.push_back({"users", "missed_event", 3, "user_1"});
  overview.lease.emplace().token = 7;
  scrape.board.set_overview(overview);
  const std::string after = scrape.text();
  REQUIRE_THAT(after, ContainsSubstring("authkit_mirror_open_holds{environment=\"production\",table=\"users\"} 1"));
  REQUIRE_THAT(after, ContainsSubstring("authkit_mirror_held_rows{environment=\"production\",table=\"users\"} 640"));
  REQUIRE_THAT(after,
               ContainsSubstring("authkit_mirror_quarantined_objects{environment=\"production\",table=\"users\"} 2"));
  REQUIRE_THAT(
      after,
      ContainsSubstring(
          "authkit_mirror_drift_rows_total{environment=\"production\",table=\"users\",cause=\"missed_event\"} 3"));
  REQUIRE_THAT(after, ContainsSubstring("authkit_mirror_lease_token{environment=\"production\"} 7"));
}

TEST_CASE("the ages of poll and cursor grow while nothing is read, whichever process read last") {
  Scrape scrape;
  REQUIRE_THAT(scrape.text(), !ContainsSubstring("tail_poll_age_seconds"));
  const Instant api_time{2'000'000'000'000'000};
  db::MirrorOverview overview;
  auto& tail = overview.tail.emplace();
  tail.cursor_created_at = Instant{api_time.microseconds - 100 * microseconds_per_second};
  tail.seconds_since_poll = 8;
  scrape.board.set_overview(overview);
  scrape.board.update_tail([&](sync::TailProgress& now) { now.caught_up_through = api_time; });
  scrape.clock.passed += std::chrono::seconds{30};
  REQUIRE_THAT(scrape.text(), ContainsSubstring("authkit_mirror_tail_poll_age_seconds{environment=\"production\"} 38"));
  REQUIRE_THAT(scrape.text(),
               ContainsSubstring("authkit_mirror_tail_cursor_age_seconds{environment=\"production\"} 138"));
  scrape.board.update_tail([&](sync::TailProgress& now) { now.polled_at = scrape.clock.now(); });
  REQUIRE_THAT(scrape.text(), ContainsSubstring("authkit_mirror_tail_poll_age_seconds{environment=\"production\"} 0"));
}

TEST_CASE("commits are a histogram") {
  Scrape scrape;
  scrape.board.add_commit(std::chrono::milliseconds{2});
  scrape.board.add_commit(std::chrono::minutes{1});
  const std::string text = scrape.text();
  REQUIRE_THAT(text, ContainsSubstring("authkit_mirror_commit_duration_seconds_count{environment=\"production\"} 2"));
  REQUIRE_THAT(text, ContainsSubstring(
                         "authkit_mirror_commit_duration_seconds_bucket{environment=\"production\",le=\"0.001\"} 0"));
  REQUIRE_THAT(
      text, ContainsSubstring("authkit_mirror_commit_duration_seconds_bucket{environment=\"production\",le=\"10\"} 1"));
  REQUIRE_THAT(text, ContainsSubstring(
                         "authkit_mirror_commit_duration_seconds_bucket{environment=\"production\",le=\"+Inf\"} 2"));
}

TEST_CASE("each environment's values carry its name, under one HELP per family") {
  Scrape scrape;
  sync::StatusBoard other{scrape.clock};
  const http::Health other_health{other, scrape.clock, {}};
  http::add_metrics_route(scrape.routes, {{"production", &scrape.board, &scrape.health, api_samples},
                                          {"staging", &other, &other_health, api_samples}});
  add_rows(scrape.board, 100);
  add_rows(other, 7);
  const std::string text = scrape.routes.at("/metrics").answer({}).body;
  REQUIRE_THAT(text, ContainsSubstring("authkit_mirror_rows_total{environment=\"production\",stream=\"users\"} 100\n"
                                       "authkit_mirror_rows_total{environment=\"staging\",stream=\"users\"} 7\n"));
  REQUIRE_THAT(text, ContainsSubstring("authkit_mirror_api_pace{environment=\"staging\"} 12.5"));
  const std::string help = "# HELP authkit_mirror_api_requests_total";
  REQUIRE(text.find(help) == text.rfind(help));
  REQUIRE_THAT(text, ContainsSubstring("authkit_mirror_build_info{version="));
}
