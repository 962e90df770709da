#include "api/canonical_json.hpp"

#include "api/api_error.hpp"
#include "api/json_document.hpp"
#include "tests/catch.hpp"

namespace mirror::api {
namespace {

std::string canonical(std::string_view json) {
  const auto document = JsonDocument::borrow();
  const auto root = document->parse(json);
  std::string out;
  append_canonical(root, document->text(), out);
  return out;
}

TEST_CASE("members have one order at every depth") {
  CHECK(canonical(R"({"b": {"d": 1, "c": [ {"f":2,"e":3} ]}, "a": null})") ==
        R"({"a":null,"b":{"c":[{"e":3,"f":2}],"d":1}})");
  CHECK(canonical(R"({"a":[2,1]})") != canonical(R"({"a":[1,2]})"));
}

TEST_CASE("of members with one key the last one counts, as in jsonb") {
  CHECK(canonical(R"({"a":1,"b":2,"a":3})") == R"({"a":3,"b":2})");
  CHECK(canonical(R"({"a":1,"\u0061":4})") == R"({"a":4})");
}

TEST_CASE("escapes that stand for a character are that character") {
  CHECK(canonical(R"("caf\u00e9 \u0041\/\t")") == "\"caf\xC3\xA9 A/\t\"");
  CHECK(canonical(R"("\ud83d\ude00")") == "\"\xF0\x9F\x98\x80\"");
  CHECK(canonical(R"(["quote \" and \\"])") == R"(["quote \" and \\"])");
}

TEST_CASE("texts that would look alike without their quotes stay apart") {
  CHECK(canonical(R"(["a","b"])") != canonical(R"(["a\",\"b"])"));
  CHECK(canonical(R"({"1":2})") != canonical(R"({"1":"2"})"));
  CHECK(canonical("[null]") != canonical(R"(["null"])"));
}

TEST_CASE("numbers keep their digits, but not their exponents where that is exact") {
  CHECK(canonical("1e3") == "1000");
  CHECK(canonical("-12.5E+1") == "-125");
  CHECK(canonical("1.50") == "1.50");
  CHECK(canonical("[1.0,1]") == "[1.0,1]");
  CHECK(canonical("12345678901234567890") == "12345678901234567890");
  CHECK(canonical("[1e400,1e-400,0e5]") == "[1e400,1e-400,0]");
}

TEST_CASE("only a value that can be written otherwise asks for its canonical form") {
  for (const auto* json : {R"("plain")", "12", "-1.5", "true", "false", "null", "{}", "[]"}) {
    CAPTURE(json);
    CHECK_FALSE(has_other_spellings(json));
    CHECK(canonical(json) == json);
  }
  for (const auto* json : {R"("\u0041")", "1e3", "2E5", R"({"a":1})", "[1]"}) {
    CAPTURE(json);
    CHECK(has_other_spellings(json));
  }
}

}  // namespace
}  // namespace mirror::api
