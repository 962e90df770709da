#include "http/wait_handler.hpp"

#include <chrono>
#include <future>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "http/server.hpp"
#include "tests/catch.hpp"
#include "tests/harness/test_database.hpp"
#include "tests/harness/wait_until.hpp"
#include "tests/http/raw_client.hpp"

using namespace mirror;
using namespace mirror::http;
using harness::wait_until;
using test::Answer;

namespace {

/// Seconds, minutes and milliseconds, as far as these tests need them.
std::optional<std::chrono::milliseconds> read_duration(std::string_view text) {
  for (const auto& [known, duration] : std::map<std::string_view, std::chrono::milliseconds>{
           {"1ms", std::chrono::milliseconds(1)}, {"60s", std::chrono::seconds(60)}, {"2m", std::chrono::minutes(2)}}) {
    if (text == known) return duration;
  }
  return std::nullopt;
}

/// A server that knows nothing but waiting, and a path that always answers.
struct WaitSite {
  explicit WaitSite(std::vector<std::string> names = {"default"}) : environments(std::move(names)) {}

  const std::vector<std::string> environments;
  harness::TestDatabase database;
  WaitHandler waits{database.options(), environments, read_duration};
  Server server{any_port(), routes()};

  ~WaitSite() { waits.stop(); }

  static HttpOptions any_port() {
    HttpOptions options;
    options.listen = "127.0.0.1:0";
    return options;
  }
  Routes routes() {
    Routes all;
    waits.add_route(all);
    all["/livez"] = {"GET", [](const Request&) { return Response{200, "text/plain", "alive"}; }};
    return all;
  }
  [[nodiscard]] Answer ask(const std::string& query) const {
    return test::ask(server.port(), "GET", "/v1/wait" + query);
  }
  std::future<Answer> start(const std::string& query) {
    return std::async(std::launch::async, [this, query] { return ask(query); });
  }
  std::int64_t sessions() {
    return database.count(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
        "application_name LIKE 'authkit-mirror wait%'");
  }
};

}  // namespace

TEST_CASE("a wait by HTTP answers when the object arrives, and 504 when it does not") {
  WaitSite site;
  CHECK(site.ask("?user=user_1&timeout=1ms").status == 504);
  auto waiting = site.start("?user=user_1&updated_after=2026-03-01T12:00:00Z&timeout=60s");
  REQUIRE(wait_until([&] { return site.sessions() == 1; }));
  site.database.execute(
      "INSERT INTO workos.users (_env, id, _observed_at, updated_at) VALUES ('default', 'user_1', now(), '2026-03-01 "
      "12:00:00+00')");
  const Answer answer = waiting.get();
  CHECK(answer.status == 200);
  CHECK_THAT(answer.body, ContainsSubstring("\"deleted\": false"));
  site.database.execute("UPDATE workos.users SET _deleted_at = now()");
  CHECK_THAT(site.ask("?user=user_1").body, ContainsSubstring("\"deleted\": true"));
}

TEST_CASE("of several environments a wait by HTTP names the one that it is about") {
  WaitSite site({"production", "staging"});
  site.database.execute("INSERT INTO workos.users (_env, id, _observed_at) VALUES ('staging', 'user_1', now())");
  CHECK(site.ask("?user=user_1&environment=staging").status == 200);
  CHECK(site.ask("?user=user_1&environment=production&timeout=1ms").status == 504);
  for (const char* query : {"?user=user_1", "?user=user_1&environment=stage"}) {
    const Answer answer = site.ask(query);
    CHECK(answer.status == 400);
    CHECK_THAT(answer.body, ContainsSubstring("production, staging"));
  }
}

TEST_CASE("a wait by HTTP answers 400 to what it does not understand, and names it") {
  WaitSite site;
  for (const auto& [query, cause] : std::vector<std::pair<std::string, std::string>>{
           {"", "name either an event"},
           {"?event=event_1&user=user_1", "name either an event"},
           {"?user=user_1&invitation=invitation_1", "only one object"},
           {"?user=user_1&user=user_2", "given twice"},
           {"?user=", "user has no value"},
           {"?user=user_1&updated_after=soon", "updated_after"},
           {"?event=event_1&updated_after=2026-03-01T12:00:00Z", "updated_after is for objects"},
           {"?user=user_1&timeout=forever", "timeout"},
           {"?user=user_1&timeout=2m", "at most 60 s"},
           {"?user=user%001", "NUL"},
           {"?user=user_1&since=1", "since"}}) {
    CAPTURE(query);
    const Answer answer = site.ask(query);
    CHECK(answer.status == 400);
    CHECK_THAT(answer.body, ContainsSubstring(cause));
  }
}

TEST_CASE("so many may wait and no more, others are served meanwhile, and a stop sends the waiters away") {
  WaitSite site;
  std::vector<std::future<Answer>> waiting;
  for (int i = 0; i < WaitHandler::most_waiters; ++i) waiting.push_back(site.start("?event=event_1&timeout=60s"));
  REQUIRE(wait_until([&] { return site.sessions() == WaitHandler::most_waiters; }));
  const Answer refused = site.ask("?event=event_1&timeout=60s");
  CHECK(refused.status == 503);
  CHECK_THAT(refused.head, ContainsSubstring("Retry-After: 1"));
  CHECK(test::ask(site.server.port(), "GET", "/livez").status == 200);
  site.waits.stop();
  for (auto& each : waiting) CHECK(each.get().status == 503);
}
