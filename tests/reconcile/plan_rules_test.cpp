#include "reconcile/plan_rules.hpp"

#include "reconcile/unmatched_entries.hpp"
#include "tests/catch.hpp"

using namespace mirror;
using namespace mirror::reconcile;

namespace {

ProtectedOnes protection_of(std::string_view text) {
  ProtectedOnes protect;
  ProblemList problems;
  protect.read(text, "owners", problems);
  problems.throw_if_any("owners");
  return protect;
}

}  // namespace

TEST_CASE("a protect file may begin with a byte order mark, and keeps its first entry") {
  const auto protect = protection_of("\xEF\xBB\xBFuser_1\r\nAda@x.test # the owner\n");
  CHECK(protect.covers_id("user_1"));
  CHECK(protect.covers(DirectoryUser{"user_1", "", "", "", ""}));
  CHECK(protect.covers_email("ada@X.test"));
  CHECK_FALSE(protect.covers_id(""));
  REQUIRE(protect.entries().size() == 2);
  CHECK(protect.entries()[1].place == "owners line 2");
}

TEST_CASE("entries of several protect files all count") {
  ProtectedOnes protect;
  ProblemList problems;
  protect.read("\xEF\xBB\xBFuser_1", "first", problems);
  protect.read("\xEF\xBB\xBFuser_2", "second", problems);
  CHECK(protect.covers_id("user_1"));
  CHECK(protect.covers_id("user_2"));
  CHECK(protect.entries().back().place == "second line 1");
}

TEST_CASE("entries of a protect file that match nobody are named, addresses by their line alone") {
  const auto protect = protection_of(
      "user_1\nE2\nthree@x.test\norg_1\nacme\nlost\nguest@x.test\n# what follows is nobody\nuser_9\nnobody@x.test\n"
      "n@body\x40x\n");
  UnmatchedEntries unmatched(protect);
  for (const char* id : {"user_1", "user_2", "user_3"}) unmatched.see(DirectoryUser{id, "", "", "", ""});
  unmatched.see(DirectoryUser{"user_4", "four@x.test", "E2", "", ""});
  unmatched.see(DirectoryUser{"user_5", "THREE@x.test", "", "", ""});
  unmatched.see(DirectoryOrganization{"org_1", ""});
  unmatched.see(DirectoryOrganization{"org_2", "acme"});
  unmatched.see(DirectoryMembership{"m1", "lost", "org_1", "active", {}});
  unmatched.see(DirectoryInvitation{"i1", "Guest@x.test", "org_1", ""});
  CHECK(unmatched.places() == std::vector<std::string>{"owners line 9: user_9", "owners line 10", "owners line 11"});
}
