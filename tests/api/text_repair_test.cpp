#include "api/text_repair.hpp"

#include "tests/catch.hpp"

namespace {

using mirror::api::repair_text;

struct Repaired {
  std::string text;
  unsigned count;
};

Repaired repaired(std::string text) {
  const unsigned count = repair_text(text);
  return {text, count};
}

void check(const std::string& text, const std::string& expected, unsigned count) {
  INFO(text);
  const Repaired result = repaired(text);
  CHECK(result.text == expected);
  CHECK(result.count == count);
}

}  // namespace

TEST_CASE("a text without anything to repair stays as it is") {
  check("", "", 0);
  check(R"({"a":"Zürich \u00fc \n \\ \" 漢字 😀"})", R"({"a":"Zürich \u00fc \n \\ \" 漢字 😀"})", 0);
}

TEST_CASE("a NUL escape becomes the replacement character") {
  check(R"({"a":"x\u0000y\u0000"})", R"({"a":"x\uFFFDy\uFFFD"})", 2);
}

TEST_CASE("a surrogate pair is kept and each unpaired half is replaced") {
  check(R"(["\ud83d\ude00"])", R"(["\ud83d\ude00"])", 0);
  check(R"(["\uD83D"])", R"(["\uFFFD"])", 1);
  check(R"(["\ude00x"])", R"(["\uFFFDx"])", 1);
  check(R"(["\ude00\ud83d"])", R"(["\uFFFD\uFFFD"])", 2);
  check(R"(["\ud83d\ud83d\ude00"])", R"(["\uFFFD\ud83d\ude00"])", 1);
  check(R"(["\ud83d\u0041"])", R"(["\uFFFD\u0041"])", 1);
}

TEST_CASE("an escaped backslash before u0000 is text and not an escape") {
  check(R"(["\\u0000"])", R"(["\\u0000"])", 0);
  check(R"(["\\\u0000"])", R"(["\\\uFFFD"])", 1);
  check(R"(["\ud83d\\ude00"])", R"(["\uFFFD\\ude00"])", 1);
}

TEST_CASE("a text cut inside of an escape is left to the parser") {
  check(R"(["\)", R"(["\)", 0);
  check(R"(["\u00)", R"(["\u00)", 0);
  check(R"(["\ud83d\u)", R"(["\uFFFD\u)", 1);
}

TEST_CASE("each sequence that is not UTF-8 becomes one replacement character") {
  check("a\xFFz", "a\xEF\xBF\xBDz", 1);
  check("\xC3(", "\xEF\xBF\xBD(", 1);
  check("\xE2\x82", "\xEF\xBF\xBD", 1);                                              // cut short
  check("\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 3);                  // a surrogate in UTF-8
  check("\xC0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD", 2);                                  // an overlong NUL
  check("\xF5\x80\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 4);  // beyond Unicode
  check("\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80", 0);
}
