#include "reconcile/planner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <random>

#include "reconcile/text_form.hpp"
#include "tests/catch.hpp"
#include "tests/reconcile/planned_directory.hpp"

using namespace mirror;
using namespace mirror::reconcile;
using mirror::test::PlannedDirectory;

namespace {

/// Two organizations, four users; u1, u2 active in org_1, u3 inactive there, u4 in none.
DirectoryState small_directory() {
  return {{{"org_1", "one"}, {"org_2", ""}},
          {{"u1", "u1@x.test", "1", "Una", "One"},
           {"u2", "U2@x.test", "", "", ""},
           {"u3", "u3@x.test", "3", "", ""},
           {"u4", "u4@x.test", "", "", ""}},
          {{"m1", "u1", "org_1", "active", {"member"}},
           {"m2", "u2", "org_1", "active", {"admin"}},
           {"m3", "u3", "org_1", "inactive", {"member"}}},
          {{"i1", "guest@x.test", "org_1", "member"}}};
}

DesiredMembership seat(std::string organization, std::vector<std::string> roles = {}, bool active = true) {
  return {std::move(organization), std::move(roles), active, "line 2"};
}

DesiredList list_of(std::vector<DesiredPerson> people) {
  DesiredList list{std::move(people), {}};
  for (const auto& person : list.people) {
    for (const auto& wanted : person.memberships) list.scope.insert(wanted.organization_id);
  }
  return list;
}

/// "change_role m1", in order.
std::vector<std::string> summary(const Changes& changes) {
  std::vector<std::string> lines;
  for (const Action& action : changes.actions) {
    const auto email = action.after.find("email");
    const std::string who = !action.id.empty()            ? action.id
                            : !action.user_id.empty()     ? action.user_id
                            : action.user_action != 0     ? fmt::format("#{}", action.user_action)
                            : email != action.after.end() ? email->second
                                                          : "";
    lines.push_back(fmt::format("{} {}", to_string(action.kind), who));
  }
  return lines;
}

using Lines = std::vector<std::string>;

/// The list that keeps everybody of small_directory as they are.
std::vector<DesiredPerson> everybody() {
  return {{"u1@x.test", "1", "", "", "line 2", {seat("org_1")}},
          {"u2@x.test", "", "", "", "line 3", {seat("org_1")}},
          {"u3@x.test", "", "", "", "line 4", {seat("org_1", {}, false)}},
          {"Guest@x.test", "", "", "", "line 5", {seat("org_1")}}};
}

}  // namespace

TEST_CASE("a list that the directory fits already plans nothing") {
  const auto changes = plan_changes(list_of(everybody()), small_directory(), {});
  CHECK(summary(changes) == Lines{});
  CHECK(changes.unresolved.empty());
  CHECK(changes.counts.empty());
}

TEST_CASE("users are found by external id, then by email without case, and updated") {
  auto people = everybody();
  people[0] = {"una@x.test", "1", "Una", "Eins", "line 2", {seat("org_1")}};
  people[1] = {"u2@X.test", "2", "", "", "line 3", {seat("org_1")}};
  const auto changes = plan_changes(list_of(people), small_directory(), {});
  CHECK(summary(changes) == Lines{"update_user u1", "update_user u2"});
  CHECK(changes.actions[0].before == Fields{{"email", "u1@x.test"}, {"last_name", "One"}});
  CHECK(changes.actions[0].after == Fields{{"email", "una@x.test"}, {"last_name", "Eins"}});
  CHECK(changes.actions[1].before == Fields{{"external_id", ""}});
}

TEST_CASE("new people are invited, or created with their memberships") {
  auto people = everybody();
  people.push_back({"new@x.test", "9", "Nova", "", "line 6", {seat("org_1", {"admin"}), seat("org_2")}});
  const auto invited = plan_changes(list_of(people), small_directory(), {});
  CHECK(summary(invited) == Lines{"send_invitation new@x.test", "send_invitation new@x.test"});
  CHECK(invited.actions[0].after == Fields{{"email", "new@x.test"}, {"roles", "admin"}});
  CHECK(invited.actions[0].organization_id == "org_1");
  const auto created = plan_changes(list_of(people), small_directory(), {.invites = false});
  CHECK(summary(created) == Lines{"create_user new@x.test", "add_membership #1", "add_membership #1"});
  CHECK(created.actions[0].after == Fields{{"email", "new@x.test"}, {"external_id", "9"}, {"first_name", "Nova"}});
}

TEST_CASE("memberships are added, woken, changed, and deactivated if nobody lists them") {
  std::vector<DesiredPerson> people{{"u1@x.test", "", "", "", "line 2", {seat("org_1", {"admin"})}},
                                    {"u3@x.test", "", "", "", "line 3", {seat("org_1", {"member"})}},
                                    {"u4@x.test", "", "", "", "line 4", {seat("org_1", {"a", "b"})}}};
  const auto changes = plan_changes(list_of(people), small_directory(), {});
  CHECK(summary(changes) == Lines{"add_membership u4", "reactivate_membership m3", "change_role m1",
                                  "revoke_invitation i1", "deactivate_membership m2"});
  CHECK(changes.actions[0].after == Fields{{"status", "active"}, {"roles", "a|b"}});
  CHECK(changes.actions[2].before == Fields{{"roles", "member"}});
  CHECK(changes.actions[2].after == Fields{{"roles", "admin"}});
  CHECK(changes.actions[4].reason == "not on the list");
}

TEST_CASE("memberships are removed only if that is asked for, rested ones too, pending ones never") {
  auto directory = small_directory();
  directory.memberships.push_back({"m4", "u4", "org_1", "pending", {}});
  const auto list = list_of({{"u1@x.test", "", "", "", "line 2", {seat("org_1")}}});
  CHECK(summary(plan_changes(list, directory, {})) == Lines{"revoke_invitation i1", "deactivate_membership m2"});
  CHECK(summary(plan_changes(list, directory, {.removes = true})) ==
        Lines{"revoke_invitation i1", "remove_membership m2", "remove_membership m3"});
}

TEST_CASE("organizations that the list does not name are left alone") {
  auto directory = small_directory();
  directory.memberships.push_back({"m5", "u4", "org_2", "active", {}});
  directory.invitations.push_back({"i2", "other@x.test", "org_2", ""});
  directory.invitations.push_back({"i3", "free@x.test", "", ""});
  CHECK(summary(plan_changes(list_of(everybody()), directory, {})) == Lines{});
}

TEST_CASE("an invitation into another role is replaced") {
  auto people = everybody();
  people[3].memberships[0].roles = {"admin"};
  CHECK(summary(plan_changes(list_of(people), small_directory(), {})) ==
        Lines{"revoke_invitation i1", "send_invitation Guest@x.test"});
}

TEST_CASE("nothing is planned for protected users, organizations and memberships of a directory provider") {
  std::vector<DesiredPerson> people{{"u1@x.test", "", "Other", "", "line 2", {seat("org_1", {"admin"})}},
                                    {"new@x.test", "", "", "", "line 3", {seat("org_2")}}};
  auto directory = small_directory();
  directory.memberships[1].directory_managed = true;
  PlanRules rules;
  rules.protect.add({"U1@X.test"});
  rules.protect.add({"org_2"});
  rules.protect.add({"guest@x.test"});
  const auto changes = plan_changes(list_of(people), directory, rules);
  CHECK(summary(changes) == Lines{});
  std::vector<std::string> reasons;
  for (const auto& each : changes.protected_ones) reasons.push_back(each.id + ": " + each.reason);
  CHECK(reasons == Lines{"u1: the user is protected", "u1: the user is protected", ": the organization is protected",
                         "m2: a directory provider manages the membership", "i1: the address is protected"});
}

TEST_CASE("who can't be told apart is unresolved and loses nothing") {
  std::vector<DesiredPerson> people{{"u2@x.test", "1", "", "", "line 2", {seat("org_1")}},
                                    {"", "unknown", "", "", "line 3", {seat("org_2")}},
                                    {"u3@x.test", "33", "", "", "line 4", {seat("org_1")}}};
  auto directory = small_directory();
  directory.invitations.push_back({"i4", "u2@x.test", "org_1", ""});
  const auto changes = plan_changes(list_of(people), directory, {});
  CHECK(summary(changes) == Lines{"revoke_invitation i1"});
  REQUIRE(changes.unresolved.size() == 3);
  CHECK(changes.unresolved[0].reason == "the external id and the email address belong to different users");
  CHECK(changes.unresolved[1].place == "line 3");
  CHECK(changes.unresolved[2].reason == "the user with that email address has another external id");
}

TEST_CASE("a member whose user the mirror lacks may be on the list, and is left alone and named") {
  auto directory = small_directory();
  directory.memberships.push_back({"m9", "lost", "org_1", "active", {"member"}});
  const PlanRules rules{.removes = GENERATE(false, true)};
  const auto changes = plan_changes(list_of(everybody()), directory, rules);
  CHECK(summary(changes) == Lines{});
  REQUIRE(changes.unresolved.size() == 1);
  CHECK(changes.unresolved[0].id == "m9");
  CHECK(changes.unresolved[0].organization_id == "org_1");
  CHECK_THAT(changes.unresolved[0].reason, ContainsSubstring("user lost is not in the mirror and may be on the list") &&
                                               ContainsSubstring("authkit-mirror sync"));
}

TEST_CASE("a protected id covers the membership of a user whom the mirror lacks") {
  auto directory = small_directory();
  directory.memberships.push_back({"m9", "lost", "org_1", "active", {"member"}});
  PlanRules rules;
  rules.protect.add({"lost"});
  const auto changes = plan_changes(list_of(everybody()), directory, rules);
  CHECK(summary(changes) == Lines{});
  CHECK(changes.unresolved.empty());
  CHECK(changes.protected_ones == std::vector<Exception>{{"lost", "org_1", "the user is protected", ""}});
}

TEST_CASE("a list by external ids that nobody has yet takes nothing from its organizations") {
  auto directory = small_directory();
  const auto members = directory.memberships.size();
  REQUIRE(members > 1);
  const std::vector<DesiredPerson> people{{"", "unknown-1", "", "", "line 2", {seat("org_1")}},
                                          {"", "unknown-2", "", "", "line 3", {seat("org_1")}}};
  const auto changes = plan_changes(list_of(people), directory, {});
  CHECK(summary(changes) == Lines{});
  CHECK(changes.unresolved.size() == 2);
}

TEST_CASE("limits are judged per kind, by count and by percentage of what such actions could be about") {
  const PlanLimits limits{.max_count = 10, .min_count = 2, .max_percent = 50};
  CHECK_FALSE(limits.judge(ActionKind::deactivate_membership, 10, 20).exceeded);
  CHECK(limits.judge(ActionKind::deactivate_membership, 11, 1000).exceeded);
  CHECK(limits.judge(ActionKind::deactivate_membership, 10, 19).exceeded);
  CHECK_FALSE(limits.judge(ActionKind::deactivate_membership, 2, 2).exceeded);
  CHECK_FALSE(limits.judge(ActionKind::send_invitation, 10, {}).exceeded);
  CHECK(limits.judge(ActionKind::send_invitation, 11, {}).exceeded);
}

TEST_CASE("a kind's own limit replaces the parts that it gives, and the others stay") {
  const PlanLimits limits{.max_count = 10,
                          .min_count = 2,
                          .max_percent = 50,
                          .of_kind = {{ActionKind::change_role, {.max_count = 20}},
                                      {ActionKind::update_user, {.max_percent = 10}},
                                      {ActionKind::remove_membership, {.max_count = 3, .max_percent = 100}}}};
  CHECK_FALSE(limits.judge(ActionKind::change_role, 20, 1000).exceeded);
  CHECK(limits.judge(ActionKind::change_role, 21, 1000).exceeded);
  CHECK(limits.judge(ActionKind::change_role, 20, 39).exceeded);
  CHECK_FALSE(limits.judge(ActionKind::update_user, 10, 100).exceeded);
  CHECK(limits.judge(ActionKind::update_user, 10, 99).exceeded);
  CHECK(limits.judge(ActionKind::update_user, 11, 1000).exceeded);
  CHECK_FALSE(limits.judge(ActionKind::remove_membership, 3, 3).exceeded);
  CHECK(limits.judge(ActionKind::remove_membership, 4, 1000).exceeded);
  CHECK(limits.judge(ActionKind::update_user, 1, 10).limit == "10, or 10% beyond 2");
}

TEST_CASE("a list of two hundred thousand lines is planned against as many members") {
  constexpr std::size_t lines = 200'000;
  std::string text = "email,organization,role\n";
  DirectoryState directory{{{"org_1", "one"}}, {}, {}, {}};
  for (std::size_t i = 0; i < lines; ++i) {
    text += fmt::format("P{}@x.test,one,member\n", i);
    const std::size_t user = 2 * i;  // every second one of the list, and as many whom it does not name
    directory.users.push_back({fmt::format("u{}", user), fmt::format("p{}@x.test", user), "", "", ""});
    directory.memberships.push_back({fmt::format("m{}", i), fmt::format("u{}", user), "org_1", "active", {"member"}});
  }
  ProblemList problems;
  const auto list = read_desired(read_source(text, problems), directory.organizations, "", problems);
  problems.throw_if_any("the list");
  REQUIRE(list.people.size() == lines);
  const auto changes = plan_changes(list, directory, {});
  CHECK(std::ranges::count(changes.actions, ActionKind::send_invitation, &Action::kind) == lines / 2);
  CHECK(std::ranges::count(changes.actions, ActionKind::deactivate_membership, &Action::kind) == lines / 2);
  CHECK(changes.actions.size() == lines);
  CHECK(changes.actions.back().id == fmt::format("m{}", lines - 1));
  CHECK(changes.counts.size() == 2);
  CHECK(changes.unresolved.empty());
}

TEST_CASE("a plan applied to any directory gives what the list wants, and the second plan is empty") {
  const auto seed = std::random_device{}();
  for (unsigned round = 0; round < 300; ++round) {
    std::mt19937 random(seed + round);
    const auto directory = test::random_directory(random);
    const auto list = test::random_list(random);
    const PlanRules rules{.invites = random() % 2 == 0, .removes = random() % 2 == 0};
    INFO("seed " << seed + round);
    const auto changes = plan_changes(list, directory, rules);
    PlannedDirectory applied(directory);
    applied.apply(changes);
    REQUIRE(applied.problems() == Lines{});
    REQUIRE(test::unmet_wishes(list, applied.state(), changes, rules) == Lines{});
    REQUIRE(summary(plan_changes(list, applied.state(), rules)) == Lines{});
  }
}
