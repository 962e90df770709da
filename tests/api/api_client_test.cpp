#include "api/api_client.hpp"

#include <map>

#include "api/api_error.hpp"
#include "model/streams.hpp"
#include "tests/api/scripted_transport.hpp"
#include "tests/catch.hpp"
#include "tests/support/manual_clock.hpp"

namespace {

using namespace mirror;
using namespace mirror::api;
using namespace mirror::api::tests;
using namespace std::chrono_literals;
using mirror::tests::ManualClock;

const std::stop_token never;
const std::string empty_list = ScriptedTransport::empty_list;

HttpResponse json(int status, std::string body) {
  return json_response(status, std::move(body));
}

struct Fixture {
  ManualClock clock{ManualClock::Waits::are_skipped};
  std::shared_ptr<ScriptedTransport> transport = std::make_shared<ScriptedTransport>();
  std::shared_ptr<ApiClient> client = std::make_shared<ApiClient>(options(), transport, clock);
  DirectoryApi api{client};

  static ApiOptions options() {
    ApiOptions options;
    options.key = Secret("sk_test_1");
    return options;
  }

  ListPage list() { return api.list(users(), {}, Lane::sweep, never); }
  Fault list_fault() {
    try {
      (void)list();
    } catch (const Error& error) {
      CHECK_THAT(error.what(), !ContainsSubstring("sk_test_1"));
      return error.fault();
    }
    return Fault::bug;
  }
};

std::string user(const std::string& id, const std::string& name) {
  return R"({"id":")" + id + R"(","name":")" + name +
         R"(","created_at":"2026-01-15T12:00:00.000Z","updated_at":"2026-01-15T12:00:00.000Z"})";
}

}  // namespace

TEST_CASE("a list is asked for with key, agent, order, cursor and scope") {
  Fixture fixture;
  (void)fixture.api.list(organization_memberships(), {"om_1/&", ListOrder::descending, 50, "org 1"}, Lane::sweep,
                         never);
  fixture.list();
  REQUIRE(fixture.transport->requests.size() == 2);
  CHECK(fixture.transport->requests[0].target ==
        "/user_management/organization_memberships?limit=50&order=desc&statuses=active,inactive,pending"
        "&organization_id=org%201&after=om_1%2F%26");
  CHECK(fixture.transport->requests[1].target == "/user_management/users?limit=100&order=asc");
  std::map<std::string, std::string> headers(fixture.transport->requests[0].headers.begin(),
                                             fixture.transport->requests[0].headers.end());
  CHECK(headers["Authorization"] == "Bearer sk_test_1");
  CHECK_THAT(headers["User-Agent"], ContainsSubstring("authkit-mirror/"));
  CHECK(headers["Accept"] == "application/json");
}

TEST_CASE("a page carries the answer's time, request id and count of repaired characters") {
  Fixture fixture;
  fixture.transport->answer(json(200, R"({"data":[)" + user("user_1", R"(a\u0000b\ud800)") + "]}"));
  const ListPage page = fixture.list();
  CHECK(to_string(page.answered_at) == "2026-01-15T12:00:00.000000Z");
  CHECK(page.request_id == "req_1");
  CHECK(page.replaced_characters == 2);
  CHECK(page.rows.raw(0).find("u0000") == std::string_view::npos);
  CHECK(fixture.client->statistics().replaced_characters == 2);
}

TEST_CASE("as many requests at a time are useful as fill the share while their answers take so long") {
  Fixture fixture;
  auto options = Fixture::options();
  options.max_requests_per_second = 100;
  fixture.client = std::make_shared<ApiClient>(options, fixture.transport, fixture.clock);
  fixture.api = DirectoryApi(fixture.client);
  CHECK(fixture.api.useful_concurrency() == 8);
  const auto answers_take = [&](std::chrono::milliseconds latency) {
    for (int i = 0; i < 100; ++i) {
      fixture.transport->steps.push_back([&fixture, latency] {
        fixture.clock.advance(latency);
        return json(200, empty_list);
      });
      fixture.list();
    }
    return fixture.api.useful_concurrency();
  };
  CHECK(answers_take(std::chrono::milliseconds{0}) == 2);
  CHECK(answers_take(std::chrono::milliseconds{50}) == 7);
  CHECK(answers_take(std::chrono::milliseconds{200}) == 22);
  CHECK(answers_take(std::chrono::seconds{2}) == 32);
}

TEST_CASE("an answer without a Date gets the API's time as known and never the host's") {
  Fixture fixture;
  fixture.transport->answer({200, {{"content-type", "application/json"}}, empty_list});
  CHECK(fixture.list_fault() == Fault::misconfigured);

  fixture.transport->answer(json(200, empty_list));
  fixture.list();
  fixture.clock.advance(90s);
  fixture.clock.set_wall(Instant{0});
  fixture.transport->answer({200, {{"content-type", "application/json"}}, empty_list});
  CHECK(to_string(fixture.list().answered_at) == "2026-01-15T12:01:30.000000Z");
}

TEST_CASE("garbled, cut and refused answers are retried until a good one comes") {
  Fixture fixture;
  fixture.transport->answer(json(200, empty_list.substr(0, 20)));
  fixture.transport->answer(json(500, "{}"));
  fixture.transport->answer({502, {{"content-type", "text/html"}}, "<html>"});
  fixture.transport->fail(Fault::unavailable);
  fixture.transport->answer({200, {{"content-type", "text/html"}}, "<html>"});
  fixture.list();
  const ApiStatistics statistics = fixture.client->statistics();
  CHECK(statistics.retries == 5);
  CHECK(statistics.attempts_by_status == std::map<int, std::uint64_t>{{0, 1}, {200, 3}, {500, 1}, {502, 1}});
}

TEST_CASE("a status that HTTP does not know counts as none") {
  Fixture fixture;
  for (const int odd : {99, 600, 999, -1}) fixture.transport->answer(json(odd, "{}"));
  fixture.transport->answer(json(200, empty_list));
  fixture.list();
  CHECK(fixture.client->statistics().attempts_by_status == std::map<int, std::uint64_t>{{0, 4}, {200, 1}});
}

TEST_CASE("after five retries the failure is the caller's") {
  Fixture fixture;
  for (int i = 0; i < 10; ++i) fixture.transport->answer(json(503, R"({"message":"down"})"));
  CHECK(fixture.list_fault() == Fault::unavailable);
  CHECK(fixture.transport->requests.size() == 6);
}

TEST_CASE("what a person has to mend is not retried") {
  Fixture fixture;
  fixture.transport->answer(json(401, R"({"message":"bad key sk_test_1"})"));
  CHECK(fixture.list_fault() == Fault::refused);
  fixture.transport->fail(Fault::misconfigured);
  CHECK(fixture.list_fault() == Fault::misconfigured);
  CHECK(fixture.transport->requests.size() == 2);
}

TEST_CASE("a 429 slows all requests down and its Retry-After holds them all back") {
  Fixture fixture;
  HttpResponse busy = json(429, R"({"message":"Rate limit exceeded"})");
  busy.headers.emplace_back("retry-after", "20");
  fixture.transport->answer(busy);
  const auto begin = fixture.clock.now();
  fixture.list();
  CHECK(fixture.clock.now() - begin >= 20s);
  CHECK(fixture.client->statistics().rate_limited == 1);
  CHECK(fixture.client->statistics().current_rate < 26);
}

TEST_CASE("a stop ends a retry's wait") {
  Fixture fixture;
  std::stop_source stop;
  fixture.transport->steps.push_back([&]() -> HttpResponse {
    stop.request_stop();
    throw Error(Fault::unavailable, "scripted");
  });
  try {
    (void)fixture.api.list(users(), {}, Lane::sweep, stop.get_token());
    FAIL("not stopped");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::stopped);
  }
  CHECK(fixture.transport->requests.size() == 1);
}

TEST_CASE("an object is gone only if the API itself says so") {
  Fixture fixture;
  fixture.transport->answer(json(404, R"({"message":"User not found"})"));
  const SingleObject gone = fixture.api.get(*users().table, "user_1", Lane::confirm, never);
  CHECK_FALSE(gone.found);
  CHECK(to_string(gone.answered_at) == "2026-01-15T12:00:00.000000Z");
  CHECK(fixture.transport->requests[0].target == "/user_management/users/user_1");

  for (int i = 0; i < 3; ++i) fixture.transport->answer({404, {{"content-type", "text/html"}}, "<html>"});
  CHECK_THROWS_AS(fixture.api.get(*users().table, "user_1", Lane::confirm, never), ApiError);
}

TEST_CASE("a single read gives the object that was asked for and no other") {
  Fixture fixture;
  fixture.transport->answer(json(200, user("user_1", "a")));
  const SingleObject object = fixture.api.get(*users().table, "user_1", Lane::confirm, never);
  CHECK(object.found);
  CHECK(object.row.id(0) == "user_1");
  fixture.transport->answer(json(200, user("user_2", "a")));
  CHECK_THROWS_AS(fixture.api.get(*users().table, "user_1", Lane::confirm, never), Error);
}

TEST_CASE("a client with an unusable key is refused at once, and one without a key asks nothing that shows it") {
  ManualClock clock;
  for (const char* key : {"sk_test\r\nX-Evil: 1", "sk test"}) {
    ApiOptions options;
    options.key = Secret(key);
    CHECK_THROWS_AS(ApiClient(options, std::make_shared<ScriptedTransport>(), clock), Error);
  }
  const auto transport = std::make_shared<ScriptedTransport>();
  ApiClient keyless({}, transport, clock);
  CHECK_THROWS_AS(keyless.get("/users", Lane::confirm, never, [](const ApiAnswer&) {}), Error);
  CHECK(transport->requests.empty());
  keyless.send({.target = "/open", .shows_key = false}, Lane::confirm, never, [](const ApiAnswer&) {});
  CHECK(transport->requests.size() == 1);
}

TEST_CASE("a quota that answers show is remembered, and nothing else is taken for one") {
  Fixture fixture;
  const auto answer_with = [&](const std::string& limit, const std::string& remaining) {
    HttpResponse response = json(200, empty_list);
    response.headers.emplace_back("x-ratelimit-limit", limit);
    response.headers.emplace_back("x-ratelimit-remaining", remaining);
    fixture.transport->answer(response);
    (void)fixture.list();
  };
  (void)fixture.list();
  CHECK_FALSE(fixture.client->statistics().quota_limit.has_value());
  answer_with("1000", "12");
  answer_with("many", "-1");
  CHECK(fixture.client->statistics().quota_limit == 1000U);
  CHECK(fixture.client->statistics().quota_remaining == 12U);
}
