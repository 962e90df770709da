#include "reconcile/desired_list.hpp"

#include "reconcile/text_form.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"

using namespace mirror;
using namespace mirror::harness;
using namespace mirror::reconcile;

namespace {

const std::vector<DirectoryOrganization> organizations{
    {"org_1", "one"}, {"org_2", "two"}, {"org_3", "same"}, {"org_4", "same"}};

DesiredList read_list(std::string_view csv, const std::string& only = {}) {
  ProblemList problems;
  const auto rows = read_source(csv, problems);
  auto list = read_desired(rows, organizations, only, problems);
  problems.throw_if_any("the list");
  return list;
}

std::string problems_of(std::string_view csv, const std::string& only = {}) {
  return caught_error([&] { read_list(csv, only); }).what();
}

// The same letter as one code point and as two.
const std::string composed_e = "\xC3\xA9";
const std::string decomposed_e = "e\xCC\x81";

}  // namespace

TEST_CASE("rows of one person are put together, in organizations by id and by external id") {
  const auto list = read_list(
      "email,external_id,first_name,organization,role,status\n"
      "Ada@x.test,7,,org_1,admin,active\n"
      "ada@X.TEST,7,Ada,two,,inactive\n"
      ",8,,org_1,b|a,\n");
  REQUIRE(list.people.size() == 2);
  const DesiredPerson& ada = list.people[0];
  CHECK(ada.email == "Ada@x.test");
  CHECK(ada.first_name == "Ada");
  REQUIRE(ada.memberships.size() == 2);
  CHECK(ada.memberships[0].roles == std::vector<std::string>{"admin"});
  CHECK(ada.memberships[1].organization_id == "org_2");
  CHECK_FALSE(ada.memberships[1].active);
  CHECK(list.people[1].memberships[0].roles == std::vector<std::string>{"a", "b"});
  CHECK(list.scope == std::set<std::string>{"org_1", "org_2"});
}

TEST_CASE("the same address or name in another Unicode form is the same") {
  CHECK(composed(decomposed_e) == composed_e);
  CHECK(folded("REN" + decomposed_e + "@X.test") == folded("ren" + composed_e + "@x.TEST"));
  const auto list = read_list("email,first_name,organization\nren" + composed_e + "@x.test,Ren" + composed_e +
                              ",org_1\nRen" + decomposed_e + "@x.test,Ren" + decomposed_e + ",org_1\n");
  REQUIRE(list.people.size() == 1);
  CHECK(list.people[0].first_name == "Ren" + composed_e);
  CHECK(list.repeated_rows == 1);
}

TEST_CASE("a row that says the same again is counted, one that says otherwise is refused") {
  CHECK(read_list("email,organization,role\na@x.test,org_1,admin\nA@x.test,one,admin\n").repeated_rows == 1);
  CHECK_THAT(problems_of("email,organization,role\na@x.test,org_1,admin\na@x.test,one,member\n"),
             ContainsSubstring("line 3: contradicts line 2: another role or status"));
  CHECK_THAT(problems_of("email,external_id\na@x.test,1\na@x.test,2\n"),
             ContainsSubstring("line 3: contradicts line 2"));
  CHECK_THAT(problems_of("email,external_id\na@x.test,1\nb@x.test,2\na@x.test,2\n"),
             ContainsSubstring("line 4: contradicts"));
}

TEST_CASE("unknown columns are refused with the nearest known one") {
  const std::string text = problems_of("emial,organisation,shoe size\na@x.test,org_1,42\n");
  CHECK_THAT(text, ContainsSubstring("line 1, column 1: unknown column, did you mean email?"));
  CHECK_THAT(text, ContainsSubstring("line 1, column 2: unknown column, did you mean organization?"));
  CHECK_THAT(text, ContainsSubstring("line 1, column 3: unknown column; known are email, external_id"));
  CHECK_THAT(problems_of("\n\nemail,emial\na@x.test,\n"), ContainsSubstring("line 3, column 2: unknown column"));
  CHECK_THAT(problems_of("[{\"email\":\"a@x.test\"},\n{\"status\":\"active\",\n \"emial\":\"b@x.test\"}]"),
             ContainsSubstring("line 3, column 2 (item 2): unknown column, did you mean email?"));
}

TEST_CASE("bad values are told with line and column, all at once, and never repeated") {
  const std::string text = problems_of(
      "email,external_id,organization,role,status\n"
      "nobody,,org_1,,\n"
      ",,org_1,,\n"
      "a@x.test,,org_9,,\n"
      "b@x.test,,org_1,,on holiday\n"
      "c@x.test,,,admin,\n"
      "d@x.test,,same,,\n"
      "e\xFF@x.test,,org_1,,\n");
  CAPTURE(text);
  CHECK_THAT(text, ContainsSubstring("line 2, column email: not an email address"));
  CHECK_THAT(text, ContainsSubstring("line 3: neither email nor external_id"));
  CHECK_THAT(text, ContainsSubstring("line 4, column organization: the mirror has no organization"));
  CHECK_THAT(text, ContainsSubstring("line 5, column status: neither active nor inactive"));
  CHECK_THAT(text, ContainsSubstring("line 6, column role: a role without an organization"));
  CHECK_THAT(text, ContainsSubstring("line 7, column organization: several organizations"));
  CHECK_THAT(text, ContainsSubstring("line 8, column email: not UTF-8"));
  CHECK_THAT(text, !ContainsSubstring("@") && !ContainsSubstring("holiday"));
}

TEST_CASE("what looks like an address is one, what does not is none") {
  for (const char* good : {"a@b.test", "a.b+c@d-e.test", "ren\xC3\xA9@x.test", "o'neill@x.test"}) {
    CAPTURE(good);
    CHECK(is_email(good));
  }
  for (const char* bad : {"", "a", "@b", "a@", "a@b@c", "a b@c.test", "a@.b", "a@b.", "a,b@c.test", "<a@b.test>"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_email(bad));
  }
}

TEST_CASE("an empty list is refused, and one that names nobody of the only organization") {
  CHECK_THAT(problems_of("email,organization\n"), ContainsSubstring("everybody would be removed"));
  CHECK_THAT(problems_of(""), ContainsSubstring("everybody would be removed"));
  CHECK_THAT(problems_of("[]"), ContainsSubstring("everybody would be removed"));
  CHECK_THAT(problems_of("email,organization\na@x.test,org_2\n", "org_1"),
             ContainsSubstring("it names nobody of that organization"));
}

TEST_CASE("with one organization rows without any mean it, and rows about others do not count") {
  const auto list = read_list("email,organization\na@x.test,\nb@x.test,two\nc@x.test,one\n", "org_1");
  CHECK(list.people.size() == 2);
  CHECK(list.unrelated_rows == 1);
  CHECK(list.scope == std::set<std::string>{"org_1"});
}
