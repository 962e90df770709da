#include "reconcile/source_rows.hpp"

#include <fmt/format.h>

#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"

using namespace mirror;
using namespace mirror::harness;
using namespace mirror::reconcile;

namespace {

SourceRows read_well(std::string_view text) {
  ProblemList problems;
  auto rows = read_source(text, problems);
  problems.throw_if_any("the list");
  return rows;
}

std::string problems_of(std::string_view text) {
  return caught_error([&] { read_well(text); }).what();
}

std::vector<std::string> texts(const SourceRow& row) {
  std::vector<std::string> all;
  for (const auto& value : row.values) all.push_back(value.value_or("NULL"));
  return all;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a list is read with byte order mark, CRLF, quotes, and lines broken inside of quotes") {
  const auto rows = read_well(
      "\xEF\xBB\xBF"
      "email,first_name\r\n\"ada@x.test\",\"Ada \"\"A\"\", Countess\"\r\n\r\nb@x.test,\"two\r\nlines\"\r\n");
  REQUIRE(rows.columns == Texts{"email", "first_name"});
  REQUIRE(rows.rows.size() == 2);
  CHECK(texts(rows.rows[0]) == Texts{"ada@x.test", "Ada \"A\", Countess"});
  CHECK(texts(rows.rows[1]) == Texts{"b@x.test", "two\r\nlines"});
  CHECK(rows.place(rows.rows[1]) == "line 4");
}

TEST_CASE("the separator is found in the first line") {
  const char separator = GENERATE(',', ';', '\t');
  const auto rows = read_well(fmt::format("email{0}role\na@x.test{0}admin", separator));
  CHECK(rows.columns == Texts{"email", "role"});
  REQUIRE(rows.rows.size() == 1);
  CHECK(texts(rows.rows[0]) == Texts{"a@x.test", "admin"});
}

TEST_CASE("the separator is found in the first line that is not blank") {
  const char separator = GENERATE(',', ';', '\t');
  const std::string blank = GENERATE(as<std::string>{}, "\n", "\r\n\r\n", "\xEF\xBB\xBF\n  \r\n");
  const auto rows = read_well(blank + fmt::format("email{0}role\na@x.test{0}admin", separator));
  CHECK(rows.columns == Texts{"email", "role"});
  REQUIRE(rows.rows.size() == 1);
  CHECK(texts(rows.rows[0]) == Texts{"a@x.test", "admin"});
}

TEST_CASE("what is wrong with the form of a list is told with its line and character, all of it at once") {
  const std::string text = problems_of("email,role\na@x.test\nb@x.test,ad\"min\nc@x.test,\"ad\"min\nd@x.test,\"never");
  CAPTURE(text);
  CHECK_THAT(text, ContainsSubstring("4 problems"));
  CHECK_THAT(text, ContainsSubstring("line 2: 1 fields, but the first line names 2 columns"));
  CHECK_THAT(text, ContainsSubstring("line 3, character 12: a quote in a field that does not begin with one"));
  CHECK_THAT(text, ContainsSubstring("line 4, character 14: text behind a closing quote"));
  CHECK_THAT(text, ContainsSubstring("line 5, character 10: a quote is never closed"));
  CHECK_THAT(text, !ContainsSubstring("@"));
}

TEST_CASE("problems beyond fifty are counted and not told") {
  std::string text = "email,role\n";
  for (int i = 0; i < 80; ++i) text += "x\n";
  const std::string told = problems_of(text);
  CHECK_THAT(told, ContainsSubstring("80 problems"));
  CHECK_THAT(told, ContainsSubstring("line 51:"));
  CHECK_THAT(told, !ContainsSubstring("line 52:"));
  CHECK_THAT(told, ContainsSubstring("and 30 more"));
}

TEST_CASE("two hundred thousand lines are read") {
  std::string text = "email;first_name;role\n";
  for (int i = 0; i < 200'000; ++i) text += fmt::format("person{}@x.test;\"P {}\";member\n", i, i);
  const auto rows = read_well(text);
  REQUIRE(rows.rows.size() == 200'000);
  CHECK(rows.rows.back().number == 200'001);
  CHECK(texts(rows.rows.back()) == Texts{"person199999@x.test", "P 199999", "member"});
}

TEST_CASE("JSON is read as a list or under people, with lists of roles, numbers and nulls") {
  const std::string list = R"([{"email":"a@x.test","role":["b","a"]},{"external_id":7,"email":null}])";
  const bool is_named = GENERATE(false, true);
  const auto rows = read_well(is_named ? "\n {\"people\":" + list + "}" : list);
  REQUIRE(rows.rows.size() == 2);
  CHECK(rows.columns == Texts{"email", "role", "external_id"});
  CHECK(texts(rows.rows[0]) == Texts{"a@x.test", "b|a", "NULL"});
  CHECK(texts(rows.rows[1]) == Texts{"NULL", "NULL", "7"});
  CHECK(rows.place(rows.rows[1]) == (is_named ? "line 2 (item 2)" : "line 1 (item 2)"));
}

TEST_CASE("JSON that breaks off is refused with line and column, and without what it holds") {
  const std::string text = problems_of("[{\"email\":\"ada@x.test\"},\n {\"email\" \"b@x.test\"}]");
  CHECK_THAT(text, ContainsSubstring("line 2, column 20: not JSON"));
  CHECK_THAT(text, !ContainsSubstring("@"));
  CHECK_THAT(problems_of("\xEF\xBB\xBF\n[1,\n {\"role\\\"\": null, \"email\": {}}, [{}]\n]"),
             ContainsSubstring("line 2 (item 1): not an object") &&
                 ContainsSubstring("line 3, column 19 (item 2): neither a text nor null") &&
                 ContainsSubstring("line 3 (item 3): not an object"));
  CHECK_THAT(problems_of("{\"others\": [1], \"people\": 7}"), ContainsSubstring("neither a list nor an object"));
  CHECK_THAT(problems_of("{\"persons\":[]}"), ContainsSubstring("neither a list nor an object with the list"));
}
