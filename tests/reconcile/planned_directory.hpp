#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "reconcile/planner.hpp"
#include "reconcile/text_form.hpp"

namespace mirror::test {

/// A directory in memory to which a plan is applied, as WorkOS would do it.
class PlannedDirectory {
 public:
  explicit PlannedDirectory(DirectoryState state) : state_(std::move(state)) {}

  void apply(const reconcile::Changes& changes) {
    for (const auto& action : changes.actions) apply(action);
  }
  [[nodiscard]] const DirectoryState& state() const { return state_; }
  /// Actions that the directory did not fit.
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }

 private:
  using Kind = reconcile::ActionKind;

  void apply(const reconcile::Action& action) {
    const std::string made = fmt::format("made_{}", action.number);
    const auto after = [&](const char* name) {
      const auto found = action.after.find(name);
      return found == action.after.end() ? std::string() : found->second;
    };
    switch (action.kind) {
      case Kind::create_user:
        if (has_email(after("email"))) problems_.push_back("created twice");
        state_.users.push_back({made, after("email"), after("external_id"), after("first_name"), after("last_name")});
        return;
      case Kind::update_user:
        return update(action);
      case Kind::add_membership:
        state_.memberships.push_back(
            {made, action.user_action != 0 ? fmt::format("made_{}", action.user_action) : action.user_id,
             action.organization_id, "active", reconcile::split_roles(after("roles"))});
        return;
      case Kind::send_invitation:
        state_.invitations.push_back({made, after("email"), action.organization_id, after("roles")});
        return;
      case Kind::revoke_invitation:
        if (std::erase_if(state_.invitations, [&](const auto& each) { return each.id == action.id; }) != 1) {
          problems_.push_back("revoked twice");
        }
        return;
      default:
        return change_membership(action);
    }
  }

  bool has_email(const std::string& email) const {
    return std::ranges::any_of(
        state_.users, [&](const auto& user) { return reconcile::folded(user.email) == reconcile::folded(email); });
  }

  void update(const reconcile::Action& action) {
    auto& user = *std::ranges::find(state_.users, action.id, &DirectoryUser::id);
    const std::map<std::string, std::string*> fields{{"email", &user.email},
                                                     {"external_id", &user.external_id},
                                                     {"first_name", &user.first_name},
                                                     {"last_name", &user.last_name}};
    for (const auto& [name, value] : action.after) {
      if (*fields.at(name) != action.before.at(name)) problems_.push_back("another " + name);
      *fields.at(name) = value;
    }
  }

  void change_membership(const reconcile::Action& action) {
    const auto found = std::ranges::find(state_.memberships, action.id, &DirectoryMembership::id);
    if (found == state_.memberships.end()) return problems_.push_back("no membership " + action.id);
    if (action.kind == Kind::remove_membership) {
      state_.memberships.erase(found);
    } else if (action.kind == Kind::change_role) {
      if (reconcile::joined_roles(found->roles) != action.before.at("roles")) problems_.push_back("another role");
      found->roles = reconcile::split_roles(action.after.at("roles"));
    } else {
      if (found->status != action.before.at("status")) problems_.push_back("another status");
      found->status = action.after.at("status");
    }
  }

  DirectoryState state_;
  std::vector<std::string> problems_;
};

inline std::vector<std::string> random_roles(std::mt19937& random) {
  const std::vector<std::vector<std::string>> choices{{}, {"member"}, {"admin"}, {"admin", "member"}};
  return choices[random() % choices.size()];
}

/// Up to twenty users in three organizations, in every state, some without external id or names.
inline DirectoryState random_directory(std::mt19937& random) {
  DirectoryState state{{{"org_0", ""}, {"org_1", ""}, {"org_2", ""}}, {}, {}, {}};
  const auto maybe = [&](std::string text) { return random() % 2 == 0 ? std::move(text) : std::string(); };
  for (unsigned i = 0; i < random() % 20; ++i) {
    state.users.push_back({fmt::format("u{}", i), fmt::format("P{}@x.test", i), maybe(fmt::format("e{}", i)),
                           maybe("First"), maybe("Last")});
  }
  for (const auto& user : state.users) {
    for (const auto& organization : state.organizations) {
      if (random() % 2 == 0) continue;
      const char* const status = random() % 3 == 0 ? "inactive" : random() % 5 == 0 ? "pending" : "active";
      auto roles = random_roles(random);
      if (roles.empty()) roles.emplace_back("member");
      state.memberships.push_back(
          {fmt::format("m{}", state.memberships.size()), user.id, organization.id, status, roles, random() % 8 == 0});
    }
  }
  for (unsigned i = 0; i < random() % 10; ++i) {
    state.invitations.push_back({fmt::format("i{}", i), fmt::format("p{}@x.test", random() % 30),
                                 fmt::format("org_{}", random() % 3), random() % 2 == 0 ? "member" : ""});
  }
  return state;
}

/// A list about the same people and others.
inline reconcile::DesiredList random_list(std::mt19937& random) {
  reconcile::DesiredList list;
  for (unsigned i = 0; i < 30; ++i) {
    if (random() % 2 == 0) continue;
    reconcile::DesiredPerson person{fmt::format("p{}@x.test", i), {}, {}, {}, fmt::format("line {}", i), {}};
    if (random() % 3 == 0) person.external_id = fmt::format("e{}", i);
    if (random() % 2 == 0) person.first_name = "Other";
    for (int organization = 0; organization < 2; ++organization) {
      if (random() % 2 == 0) continue;
      auto roles = random_roles(random);
      if (roles.size() > 1) roles.pop_back();  // nobody can be invited into two
      person.memberships.push_back({fmt::format("org_{}", organization), roles, random() % 4 != 0, person.place});
      list.scope.insert(person.memberships.back().organization_id);
    }
    list.people.push_back(std::move(person));
  }
  return list;
}

/// What `state` lacks, told without the planner's code.
inline std::vector<std::string> unmet_wishes(const reconcile::DesiredList& list, const DirectoryState& state,
                                             const reconcile::Changes& changes, const reconcile::PlanRules& rules) {
  std::vector<std::string> unmet;
  std::set<std::pair<std::string, std::string>> seats;
  const auto is_excepted = [&](const DirectoryMembership& membership) {
    return membership.directory_managed || membership.status == "pending" ||
           std::ranges::any_of(changes.unresolved, [&](const auto& each) { return each.id == membership.user_id; });
  };
  for (const auto& person : list.people) {
    const auto user = std::ranges::find_if(state.users, [&](const auto& each) {
      return reconcile::folded(each.email) == reconcile::folded(person.email);
    });
    const bool exists = user != state.users.end();
    if (exists && !person.first_name.empty() && user->first_name != person.first_name) unmet.push_back("a name");
    if (exists && !person.external_id.empty() && user->external_id != person.external_id) unmet.push_back("an id");
    for (const auto& wanted : person.memberships) {
      if (exists) seats.insert({user->id, wanted.organization_id});
      const auto membership = std::ranges::find_if(state.memberships, [&](const auto& each) {
        return exists && each.user_id == user->id && each.organization_id == wanted.organization_id;
      });
      const bool is_invited = std::ranges::any_of(state.invitations, [&](const auto& each) {
        return reconcile::folded(each.email) == reconcile::folded(person.email) &&
               each.organization_id == wanted.organization_id;
      });
      if (membership == state.memberships.end()) {
        if (wanted.active && !is_invited) unmet.push_back("a membership of " + person.place);
      } else if (!is_excepted(*membership)) {
        if ((membership->status == "active") != wanted.active) unmet.push_back("a status of " + person.place);
        const bool has_roles =
            wanted.roles.empty() || reconcile::joined_roles(wanted.roles) == reconcile::joined_roles(membership->roles);
        if (wanted.active && !has_roles) unmet.push_back("a role of " + person.place);
      }
    }
  }
  for (const auto& membership : state.memberships) {
    const bool is_stranger = list.scope.contains(membership.organization_id) &&
                             !seats.contains({membership.user_id, membership.organization_id});
    if (!is_stranger || is_excepted(membership)) continue;
    if (rules.removes || membership.status == "active") unmet.push_back("the end of " + membership.id);
  }
  return unmet;
}

}  // namespace mirror::test
