#include "api/inflate.hpp"
#include "api/retry_policy.hpp"
#include "api/text_repair.hpp"
#include "support/error.hpp"
#include "support/instant.hpp"
#include "tests/fuzz/target.hpp"

namespace mirror::fuzz {
namespace {

using namespace std::string_literals;

constexpr Instant now{1'768'478'400'000'000};

void run_repair(std::string_view input) {
  std::string text(input);
  const std::uint32_t replaced = api::repair_text(text);
  require(replaced > 0 || text == input, "a sound text was changed");
  const std::string once = text;
  require(api::repair_text(text) == 0 && text == once, "a repaired text needs another repair");
}

void run_instants(std::string_view input) {
  if (const auto instant = parse_instant(input)) {
    require(parse_instant(to_string(*instant)) == instant, "an instant is not what it is written as");
  }
  if (const auto date = parse_http_date(input)) {
    require(date->microseconds % microseconds_per_second == 0, "an HTTP date has no fractions");
    require(parse_instant(to_string(*date)) == date, "an HTTP date is not what it is written as");
  }
}

void run_inflate(std::string_view input) {
  constexpr std::size_t most = 256 * 1024;
  try {
    require(api::inflate_gzip(input, most).size() <= most, "more came out than was allowed");
  } catch (const Error& error) {
    require(error.fault() == Fault::unavailable, "a damaged body is not something to try again");
  }
}

/// The header, and behind a line end the answer's date.
void run_retry_after(std::string_view input) {
  const std::size_t middle = std::min(input.find('\n'), input.size());
  const auto date = input.substr(std::min(middle + 1, input.size()));
  const auto delay = api::parse_retry_after(input.substr(0, middle), date, now);
  require(!delay || (delay->count() >= 0 && *delay <= api::max_retry_after), "a Retry-After beyond its limits");
}

std::vector<std::string> texts() {
  return {R"({"name":"\u0000 \ud800 \ud83d\ude00 \\u0000"})", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
          "\xff\xc0\x80\xed\xa0\x80", std::string(100, 'a') + "\\ud83d" + std::string(100, 'b') + "\xe2\x82"};
}

std::vector<std::string> times() {
  return {"2026-01-15T12:00:00.000Z",      "2023-04-28 20:05:31.093", "2026-01-15T12:00:00.123456789+02:00",
          "2026-01-15 12:00:00+00",        "0001-01-01T00:00:00Z",    "9999-12-31T23:59:59.999999Z",
          "Mon, 23 Nov 2026 00:29:30 GMT", "2024-02-29T24:00:00-14",  "infinity"};
}

std::vector<std::string> archives() {
  return {
      // "hello hello hello", and an empty text
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x90\x00\x80\x88\xf9\xe5\x11\x00\x00\x00"s,
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"s, "\x1f\x8b"s, ""s};
}

std::vector<std::string> delays() {
  return {"3",
          "0",
          "-1",
          "99999999999999999999",
          "Mon, 23 Nov 2026 00:29:30 GMT\nMon, 23 Nov 2026 00:29:00 GMT",
          "Mon, 23 Nov 2026 00:29:30 GMT",
          "1.5\n",
          "soon"};
}

}  // namespace

const Target repair{"repair", run_repair, texts};
const Target instants{"instants", run_instants, times};
const Target inflate{"inflate", run_inflate, archives};
const Target retry_after{"retry_after", run_retry_after, delays};

}  // namespace mirror::fuzz
