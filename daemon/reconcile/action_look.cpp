#include "reconcile/action_look.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconcile/text_form.hpp"

namespace mirror::reconcile {
namespace {

using Verdict = Sight::Verdict;

bool is_same(const std::string& name, const std::string& planned, const std::string& live) {
  if (name == "email") return folded(planned) == folded(live);
  return planned == live || planned == composed(live).value_or(live);
}

std::string differing(const Fields& planned, const LiveObject& live) {
  std::string names;
  for (const auto& [name, value] : planned) {
    const auto found = live.fields.find(name);
    const bool fits = found != live.fields.end() && is_same(name, value, found->second);
    if (!fits) names += (names.empty() ? "" : ", ") + name;
  }
  return names;
}

Sight otherwise(std::optional<LiveObject> object, std::string why) {
  return {Verdict::otherwise, std::move(object), std::move(why)};
}

Sight look_at_object(const Action& action, const DirectoryCalls& calls) {
  auto live = calls.get(table_of(action.kind), action.id);
  const bool removes = action.kind == ActionKind::remove_membership;
  if (!live) return removes ? Sight{Verdict::as_wanted, {}, {}} : otherwise({}, "it is gone");
  if (!removes && differing(action.after, *live).empty()) return {Verdict::as_wanted, std::move(live), {}};
  const std::string changed = differing(action.before, *live);
  if (changed.empty()) return {Verdict::as_expected, std::move(live), {}};
  return otherwise(std::move(live), "changed since the plan was made: " + changed);
}

Sight look_for_user(const Action& action, const DirectoryCalls& calls) {
  if (auto live = calls.user_by_email(action.after.at("email"))) {
    const std::string differs = differing(action.after, *live);
    if (differs.empty()) return {Verdict::as_wanted, std::move(live), {}};
    return otherwise(std::move(live), "a user with that address exists by now, and differs in " + differs);
  }
  const auto external_id = action.after.find("external_id");
  if (external_id == action.after.end()) return {};
  auto other = calls.user_by_external_id(external_id->second);
  return other ? otherwise(std::move(other), "another user has that external id by now") : Sight{};
}

Sight look_for_invitation(const Action& action, const DirectoryCalls& calls) {
  const std::string& email = action.after.at("email");
  const auto role = action.after.find("roles");
  for (LiveObject& open : calls.open_invitations(email, action.organization_id)) {
    const std::string& live_role = open.fields["roles"];
    if (role == action.after.end() || live_role.empty() || live_role == role->second) {
      return {Verdict::as_wanted, std::move(open), {}};
    }
    return otherwise(std::move(open), "the address is invited into another role by now");
  }
  auto user = calls.user_by_email(email);
  return user ? otherwise(std::move(user), "a user with that address exists by now") : Sight{};
}

Sight look_for_membership(const Action& action, const std::string& user_id, const DirectoryCalls& calls) {
  auto live = calls.membership(user_id, action.organization_id);
  if (!live) return {};
  const std::string differs = differing(action.after, *live);
  if (differs.empty()) return {Verdict::as_wanted, std::move(live), {}};
  return otherwise(std::move(live), "the user has a membership by now, and it differs in " + differs);
}

}  // namespace

Sight look_at(const Action& action, const std::string& user_id, const DirectoryCalls& calls) {
  switch (action.kind) {
    case ActionKind::create_user:
      return look_for_user(action, calls);
    case ActionKind::send_invitation:
      return look_for_invitation(action, calls);
    case ActionKind::add_membership:
      return look_for_membership(action, user_id, calls);
    default:
      return look_at_object(action, calls);
  }
}

}  // namespace mirror::reconcile
