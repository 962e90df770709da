#include "app/duration_text.hpp"
#include "app/text_table.hpp"
#include "support/nearest_name.hpp"
#include "tests/catch.hpp"

using namespace mirror;
using namespace mirror::app;
using namespace std::chrono_literals;

TEST_CASE("durations need a whole number and a known unit, and nothing else") {
  REQUIRE(parse_duration("500ms") == 500ms);
  REQUIRE(parse_duration("30s") == 30s);
  REQUIRE(parse_duration("5m") == 5min);
  REQUIRE(parse_duration("1h") == 1h);
  REQUIRE(parse_duration("90d") == 90 * 24h);
  for (const char* wrong : {"", "5", "s", "-5s", "+5s", "1.5h", "5 s", "5s ", "5S", "5min", "1h30m",
                            "99999999999999999999s", "9999999999999999d"}) {
    INFO(wrong);
    REQUIRE_FALSE(parse_duration(wrong).has_value());
  }
}

TEST_CASE("a duration is written in its largest whole unit and reads back") {
  for (const auto duration : {0ms, 1ms, 1500ms, 90'000ms, 3'600'000ms, 7'776'000'000ms}) {
    REQUIRE(parse_duration(to_text(duration)) == duration);
  }
  REQUIRE(to_text(90min) == "90m");
}

TEST_CASE("the nearest name is found over a swap, a gap and a slip, and not over a different word") {
  const std::vector<std::string> names{"status", "sync", "holds"};
  REQUIRE(nearest_name("stauts", names) == "status");
  REQUIRE(nearest_name("snyc", names) == "sync");
  REQUIRE(nearest_name("hold", names) == "holds");
  REQUIRE_FALSE(nearest_name("frobnicate", names).has_value());
  REQUIRE_FALSE(nearest_name("TEST_DATABASE_URL", {"DATABASE_URL"}).has_value());
}

TEST_CASE("a table aligns its columns, numbers to the right, without trailing spaces") {
  TextTable table({"STREAM", "ROWS", "NOTE"});
  table.add({"users", "12,345", "fine"});
  table.add({"invitations", "7", ""});
  REQUIRE(table.text() ==
          "STREAM         ROWS  NOTE\n"
          "users        12,345  fine\n"
          "invitations       7\n");
}
