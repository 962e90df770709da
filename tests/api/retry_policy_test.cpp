#include "api/retry_policy.hpp"

#include "api/api_error.hpp"
#include "tests/catch.hpp"

namespace {

using namespace mirror;
using namespace mirror::api;
using namespace std::chrono_literals;

ApiError answer(int status, Fault fault = Fault::unavailable,
                std::optional<std::chrono::milliseconds> retry_after = {}) {
  ApiProblem problem;
  problem.status = status;
  problem.retry_after = retry_after;
  problem.from_workos = status >= 400;
  return {fault, "x", "", problem};
}

int retries(const Error& failure, bool safe = true) {
  RetryPolicy policy(safe, 1);
  int count = 0;
  while (policy.next_delay(failure)) ++count;
  return count;
}

const std::string date = "Mon, 23 Nov 2026 00:29:30 GMT";

}  // namespace

TEST_CASE("what may pass by itself is retried five times and nothing else is") {
  for (const int status : {408, 429, 500, 502, 503, 504}) CHECK(retries(answer(status)) == 5);
  CHECK(retries(Error(Fault::unavailable, "connection reset")) == 5);
  CHECK(retries(InvalidBody("cut")) == 5);
  CHECK(retries(answer(401, Fault::refused)) == 0);
  CHECK(retries(answer(404, Fault::bad_data)) == 0);
  CHECK(retries(Error(Fault::misconfigured, "certificate")) == 0);
  CHECK(retries(Error(Fault::stopped, "stop")) == 0);
  CHECK(retries(Error(Fault::bug, "bug")) == 0);
}

TEST_CASE("an answer that WorkOS did not write is retried less often") {
  CHECK(retries(answer(302)) == 2);
  CHECK(retries(answer(200)) == 2);
}

TEST_CASE("a request that is not safe is repeated only when it was not carried out") {
  CHECK(retries(answer(429), false) == 5);
  CHECK(retries(answer(503), false) == 0);
  CHECK(retries(Error(Fault::unavailable, "connection reset"), false) == 0);
}

TEST_CASE("delays grow with full jitter up to eight seconds and obey a longer Retry-After") {
  auto longest = 0ms;
  auto shortest = 10'000ms;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    RetryPolicy policy(true, seed);
    auto limit = 500ms;
    while (const auto delay = policy.next_delay(answer(500))) {
      CHECK(*delay <= limit);
      longest = std::max(longest, *delay);
      shortest = std::min(shortest, *delay);
      limit = std::min(limit * 2, 8000ms);
    }
  }
  CHECK(longest > 6000ms);
  CHECK(shortest < 50ms);
  CHECK(RetryPolicy(true).next_delay(answer(429, Fault::unavailable, 7000ms)) == 7000ms);
}

TEST_CASE("Retry-After is read in seconds and as a date of the server's own clock") {
  const Instant wall = *parse_http_date("Mon, 23 Nov 2026 05:00:00 GMT");
  CHECK(parse_retry_after("0", date, wall) == 0ms);
  CHECK(parse_retry_after("7", date, wall) == 7000ms);
  CHECK(parse_retry_after("Mon, 23 Nov 2026 00:29:42 GMT", date, wall) == 12000ms);
  CHECK(parse_retry_after("Mon, 23 Nov 2026 05:00:03 GMT", "", wall) == 3000ms);
  CHECK(parse_retry_after("Mon, 23 Nov 2026 00:00:00 GMT", date, wall) == 0ms);
}

TEST_CASE("an absurd Retry-After is capped at a minute or ignored") {
  for (const char* absurd : {"86400", "99999999999999999999999", "Fri, 23 Nov 2299 00:00:00 GMT"}) {
    CHECK(parse_retry_after(absurd, date, Instant{}) == 60'000ms);
  }
  for (const char* useless : {"", "-5", "soon", "1.5", "7 s", "0x10"}) {
    CHECK_FALSE(parse_retry_after(useless, date, Instant{}).has_value());
  }
}
