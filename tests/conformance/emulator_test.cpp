#include "tests/conformance/emulator.hpp"

#include "support/error.hpp"
#include "tests/catch.hpp"

using mirror::conformance::Emulator;

TEST_CASE("the emulator keeps what is created and forgets what is deleted") {
  const Emulator emulator;
  const auto created = emulator.call("POST", "/organizations", R"({"name":"Foo"})");
  REQUIRE(created.status == 201);
  const auto start = created.body.find("org_");
  REQUIRE(start != std::string::npos);
  const std::string path = "/organizations/" + created.body.substr(start, created.body.find('"', start) - start);

  CHECK(emulator.call("GET", path).status == 200);
  CHECK(emulator.call("DELETE", path).status == 204);
  CHECK(emulator.call("GET", path).status == 404);
}

TEST_CASE("two emulators have directories of their own") {
  const Emulator first;
  const Emulator second;
  REQUIRE(first.base_url() != second.base_url());
  REQUIRE(first.call("POST", "/organizations", R"({"name":"Foo"})").status == 201);
  CHECK_THAT(second.call("GET", "/organizations").body, ContainsSubstring(R"("data":[])"));
}

TEST_CASE("an emulator that ends at once is reported, not waited for") {
  CHECK_THROWS_AS(Emulator{"/bin/false"}, mirror::Error);
}
