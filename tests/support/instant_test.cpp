#include "support/instant.hpp"

#include "tests/catch.hpp"

namespace mirror {
namespace {

std::string round_trip(std::string_view text) {
  const auto instant = parse_instant(text);
  return instant ? to_string(*instant) : "none";
}

TEST_CASE("instants of the API, of its documentation and of PostgreSQL are the same instants") {
  CHECK(round_trip("2026-01-15T12:00:00.000Z") == "2026-01-15T12:00:00.000000Z");
  CHECK(round_trip("2023-04-28 20:05:31.093") == "2023-04-28T20:05:31.093000Z");
  CHECK(round_trip("2026-01-15 12:00:00.123456+00") == "2026-01-15T12:00:00.123456Z");
  CHECK(round_trip("2026-01-15T12:00:00+02:30") == "2026-01-15T09:30:00.000000Z");
  CHECK(round_trip("2026-01-15T12:00:00-0130") == "2026-01-15T13:30:00.000000Z");
  CHECK(round_trip("0001-01-01T00:00:00Z") == "0001-01-01T00:00:00.000000Z");
  CHECK(round_trip("1969-12-31T23:59:59.999999Z") == "1969-12-31T23:59:59.999999Z");
}

TEST_CASE("digits beyond microseconds are cut, not rounded") {
  CHECK(round_trip("2026-01-15T12:00:00.9999999Z") == "2026-01-15T12:00:00.999999Z");
}

TEST_CASE("what is no instant is refused") {
  for (const auto* text : {"", "2026", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-15T24:00:00Z",
                           "2026-01-15T12:00:00+99:99", "0000-01-01T00:00:00Z", "275760-09-13T00:00:00Z",
                           "2026-01-15T12:00:00.Z", "2026-01-15T12:00:00Zx", "x026-01-15T12:00:00Z",
                           // Outside of the four-digit years once they are taken to UTC.
                           "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "9999-12-31T23:59:60Z"}) {
    INFO(text);
    CHECK_FALSE(parse_instant(text));
  }
}

TEST_CASE("instants are compared, not their texts") {
  CHECK(*parse_instant("2026-01-15T12:00:00+02:00") < *parse_instant("2026-01-15T11:00:00Z"));
  CHECK(*parse_instant("2026-01-15T12:00:00Z") == *parse_instant("2026-01-15 12:00:00.000"));
}

TEST_CASE("an HTTP date is read as RFC 9110 writes it") {
  const auto date = parse_http_date("Mon, 23 Nov 2026 00:29:30 GMT");
  REQUIRE(date);
  CHECK(to_string(*date) == "2026-11-23T00:29:30.000000Z");
  CHECK_FALSE(parse_http_date("Monday, 23-Nov-26 00:29:30 GMT"));
  CHECK_FALSE(parse_http_date("Mon, 23 Nov 2026 00:29:30 CET"));
  CHECK_FALSE(parse_http_date(""));
}

}  // namespace
}  // namespace mirror
