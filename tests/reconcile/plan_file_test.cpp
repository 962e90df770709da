#include "reconcile/plan_file.hpp"

#include <nlohmann/json.hpp>

#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"

using namespace mirror;
using namespace mirror::harness;
using namespace mirror::reconcile;

namespace {

const Secret key("sk_test_key");

Plan sample() {
  Plan plan;
  plan.environment = "default";
  plan.feed_seq = 12;
  plan.feed_written_at = "2026-01-15T11:59:59.000000Z";
  plan.caught_up_through = "2026-01-15T12:00:00.000000Z";
  plan.created_at = "2026-01-15T12:00:01.000000Z";
  plan.valid_until = "2026-01-15T13:00:01.000000Z";
  plan.scope = {"org_1"};
  plan.changes.actions = {
      {1, ActionKind::create_user, "", "", 0, "", {}, {{"email", "ren\xC3\xA9@x.test"}}, "new", "line 2"},
      {2, ActionKind::add_membership, "", "", 1, "org_1", {}, {{"status", "active"}}, "new", "line 2"},
      {3, ActionKind::change_role, "m1", "u1", 0, "org_1", {{"roles", "a"}}, {{"roles", "a|b"}}, "role", "line 3"}};
  plan.changes.protected_ones = {{"u2", "org_1", "the user is protected", ""}};
  plan.changes.unresolved = {{"u3", "", "nobody knows", "line 4"}};
  plan.changes.counts = {{ActionKind::create_user, 1, {}, false, "500"}, {ActionKind::change_role, 1, 7, true, "0"}};
  return plan;
}

std::string refusal(const std::string& text, const Secret& with = key) {
  const auto error = caught_error([&] { read_plan_file(text, with); });
  CHECK(error.fault() == Fault::usage);
  return error.what();
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a plan comes back from its file as it was, whatever the spaces") {
  const auto text = write_plan_file(sample(), key);
  const auto sealed = read_plan_file(text, key);
  CHECK(sealed.plan == sample());
  CHECK(sealed.digest == digest_of(sample()));
  CHECK(read_plan_file(nlohmann::json::parse(text).dump(), key).digest == sealed.digest);
  CHECK(sealed.plan.exceeds_limits());
}

TEST_CASE("a plan that was edited by hand is refused, also with a digest made anew") {
  const auto text = write_plan_file(sample(), key);
  CHECK_THAT(refusal(replaced(text, "\"m1\"", "\"m2\"")), ContainsSubstring("edited after it was made"));
  CHECK_THAT(refusal(replaced(text, "T13:00:01", "T23:00:01")), ContainsSubstring("edited after it was made"));
  auto plan = sample();
  plan.changes.actions[2].id = "m2";
  auto forged = nlohmann::json::parse(write_plan_file(plan, Secret("sk_test_guess")));
  forged["signature"] = nlohmann::json::parse(text)["signature"];
  CHECK_THAT(refusal(forged.dump()), ContainsSubstring("signature is wrong"));
}

TEST_CASE("a plan that was made with another API key is refused, and a file that is no plan") {
  CHECK_THAT(refusal(write_plan_file(sample(), key), Secret("sk_test_other")), ContainsSubstring("signature is wrong"));
  CHECK_THAT(refusal("email,role\n"), ContainsSubstring("not a JSON object"));
  CHECK_THAT(refusal("{}"), ContainsSubstring("does not say that it is one"));
  CHECK_THAT(refusal(replaced(write_plan_file(sample(), key), "\"version\": 1", "\"version\": 2")),
             ContainsSubstring("another version"));
}

TEST_CASE("a plan file holds no API key") {
  CHECK_THAT(write_plan_file(sample(), key), !ContainsSubstring("sk_test"));
}
