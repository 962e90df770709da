#include "reconcile/planner.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_set>
#include <utility>

#include "reconcile/action_list.hpp"
#include "reconcile/protection.hpp"
#include "reconcile/text_form.hpp"
#include "reconcile/user_index.hpp"

namespace mirror::reconcile {
namespace {

/// A user or an address, and an organization.
using Seat = std::pair<std::string, std::string>;

class Planner {
 public:
  Planner(const DesiredList& list, const DirectoryState& directory, const PlanRules& rules)
      : list_(list),
        directory_(directory),
        rules_(rules),
        users_(directory.users),
        protection_(directory, rules.protect, users_) {
    for (const auto& each : directory.memberships) memberships_[{each.user_id, each.organization_id}] = &each;
    for (const auto& each : directory.invitations) {
      invitations_[{folded(each.email), each.organization_id}].push_back(&each);
    }
  }

  Changes plan() {
    for (const DesiredPerson& person : list_.people) plan_person(person);
    for (const auto& membership : directory_.memberships) plan_stranger(membership);
    for (const auto& invitation : directory_.invitations) plan_open_invitation(invitation);
    changes_.actions = actions_.take_numbered();
    changes_.protected_ones = protection_.take_exceptions();
    count();
    return std::move(changes_);
  }

 private:
  void plan_person(const DesiredPerson& person) {
    const UserMatch match = users_.find(person);
    for (const DirectoryUser* claimed : match.claimed) listed_users_.insert(claimed->id);
    if (!match.contradiction.empty()) return leave_alone(person, match, match.contradiction);
    if (match.user == nullptr) return plan_new_person(person);
    if (!matched_users_.insert(match.user->id).second) {
      return leave_alone(person, match, "another line means the same user");
    }
    plan_user(person, *match.user);
    for (const auto& wanted : person.memberships) plan_membership(person, wanted, *match.user);
  }

  /// Who the person is can't be told, so nobody loses anything who may be meant.
  void leave_alone(const DesiredPerson& person, const UserMatch& match, const std::string& why) {
    changes_.unresolved.push_back({match.claimed.front()->id, "", why, person.place});
    if (!person.email.empty()) uncertain_emails_.insert(folded(person.email));
    for (const DirectoryUser* claimed : match.claimed) {
      uncertain_users_.insert(claimed->id);
      uncertain_emails_.insert(folded(claimed->email));
    }
  }

  /// Anybody in the organizations may be meant: a list by external ids that WorkOS does not know yet removes nobody.
  void leave_organizations_alone(const DesiredPerson& person) {
    for (const auto& wanted : person.memberships) uncertain_organizations_.insert(wanted.organization_id);
    changes_.unresolved.push_back({"", "",
                                   "nobody has that external id, and new people need an email address; as it may be "
                                   "anybody's, nobody in those organizations counts as not on the list",
                                   person.place});
  }

  void plan_new_person(const DesiredPerson& person) {
    if (protection_.covers_email(person.email, person.place)) {
      for (const auto& wanted : person.memberships) keep_invitations(person, wanted.organization_id);
      return;
    }
    const bool is_wanted = person.memberships.empty() ||
                           std::ranges::any_of(person.memberships, [](const auto& each) { return each.active; });
    if (!is_wanted) return;  // whoever is not there need not be deactivated
    if (person.email.empty()) return leave_organizations_alone(person);
    if (rules_.invites) return plan_invitations(person);
    plan_creation(person);
  }

  void plan_invitations(const DesiredPerson& person) {
    if (person.memberships.empty()) plan_invitation(person, {});
    for (const auto& wanted : person.memberships) {
      if (wanted.active) plan_invitation(person, wanted);
    }
  }

  [[nodiscard]] std::vector<const DirectoryInvitation*> open_invitations(const std::string& email,
                                                                         const std::string& organization) const {
    const auto found = invitations_.find({folded(email), organization});
    return found == invitations_.end() ? std::vector<const DirectoryInvitation*>{} : found->second;
  }

  void keep_invitations(const DesiredPerson& person, const std::string& organization) {
    for (const auto* each : open_invitations(person.email, organization)) kept_invitations_.insert(each->id);
  }

  /// An open invitation does, unless it is into another role.
  void plan_invitation(const DesiredPerson& person, const DesiredMembership& wanted) {
    keep_invitations(person, wanted.organization_id);
    const std::string role = joined_roles(wanted.roles);
    const auto open = open_invitations(person.email, wanted.organization_id);
    const bool is_invited = std::ranges::any_of(
        open, [&](const auto* each) { return role.empty() || each->role.empty() || each->role == role; });
    if (is_invited || protection_.covers_organization(wanted.organization_id, person.place)) return;
    if (wanted.roles.size() > 1) {
      changes_.unresolved.push_back({"", wanted.organization_id, "an invitation is into one role", wanted.place});
      return;
    }
    for (const auto* each : open) revoke(*each, "it is into another role", wanted.place);
    Action action = make_action(ActionKind::send_invitation, wanted.place.empty() ? person.place : wanted.place,
                                "on the list, but nobody has that address");
    action.organization_id = wanted.organization_id;
    action.after["email"] = person.email;
    if (!role.empty()) action.after["roles"] = role;
    actions_.add(std::move(action));
  }

  void plan_creation(const DesiredPerson& person) {
    std::vector<const DesiredMembership*> seats;
    for (const auto& wanted : person.memberships) {
      if (!wanted.active || protection_.covers_organization(wanted.organization_id, wanted.place)) continue;
      const auto open = open_invitations(person.email, wanted.organization_id);
      for (const auto* each : open) kept_invitations_.insert(each->id);
      if (open.empty()) seats.push_back(&wanted);  // whoever is invited already comes that way
    }
    if (seats.empty() && !person.memberships.empty()) return;
    Action action = make_action(ActionKind::create_user, person.place, "on the list, but nobody has that address");
    action.after["email"] = person.email;
    for (const auto& [name, value] :
         {std::pair{"external_id", &person.external_id}, std::pair{"first_name", &person.first_name},
          std::pair{"last_name", &person.last_name}}) {
      if (!value->empty()) action.after[name] = *value;
    }
    const std::size_t creation = actions_.add(std::move(action));
    for (const auto* wanted : seats) plan_new_membership(*wanted, "", creation);
  }

  void plan_new_membership(const DesiredMembership& wanted, const std::string& user_id,
                           std::optional<std::size_t> creation) {
    Action action = make_action(ActionKind::add_membership, wanted.place, "on the list, but not a member");
    action.user_id = user_id;
    action.organization_id = wanted.organization_id;
    action.after["status"] = "active";
    if (!wanted.roles.empty()) action.after["roles"] = joined_roles(wanted.roles);
    creation ? actions_.add_for_new_user(std::move(action), *creation) : actions_.add(std::move(action));
  }

  void plan_user(const DesiredPerson& person, const DirectoryUser& user) {
    Action action = make_action(ActionKind::update_user, person.place, "differs from the list");
    action.id = user.id;
    const auto compare = [&](const char* name, const std::string& wanted, const std::string& present, bool is_equal) {
      if (wanted.empty() || is_equal) return;
      action.before[name] = present;
      action.after[name] = wanted;
    };
    const auto is_same = [](const std::string& a, const std::string& b) { return composed(b).value_or(b) == a; };
    compare("email", person.email, user.email, folded(person.email) == folded(user.email));
    compare("external_id", person.external_id, user.external_id, is_same(person.external_id, user.external_id));
    compare("first_name", person.first_name, user.first_name, is_same(person.first_name, user.first_name));
    compare("last_name", person.last_name, user.last_name, is_same(person.last_name, user.last_name));
    if (action.after.empty() || protection_.covers_user(&user, "", person.place)) return;
    actions_.add(std::move(action));
  }

  void plan_membership(const DesiredPerson& person, const DesiredMembership& wanted, const DirectoryUser& user) {
    const Seat seat{user.id, wanted.organization_id};
    listed_seats_.insert(seat);
    for (const auto& address : {person.email, user.email}) {
      for (const auto* each : open_invitations(address, wanted.organization_id)) {
        if (wanted.active) kept_invitations_.insert(each->id);
      }
    }
    const auto found = memberships_.find(seat);
    if (found == memberships_.end()) return plan_missing_membership(person, wanted, user);
    const DirectoryMembership& present = *found->second;
    if (present.status == "pending") return;  // its invitation decides
    Action status = make_action(wanted.active ? ActionKind::reactivate_membership : ActionKind::deactivate_membership,
                                wanted.place, wanted.active ? "active on the list" : "inactive on the list");
    Action role = make_action(ActionKind::change_role, wanted.place, "another role on the list");
    const bool status_differs = (present.status == "active") != wanted.active;
    const bool role_differs =
        wanted.active && !wanted.roles.empty() && joined_roles(present.roles) != joined_roles(wanted.roles);
    if (!status_differs && !role_differs) return;
    if (protection_.covers_membership(present, wanted.place)) return;
    if (status_differs) {
      actions_.add(about(present, std::move(status), {{"status", present.status}},
                         {{"status", wanted.active ? "active" : "inactive"}}));
    }
    if (role_differs) {
      actions_.add(about(present, std::move(role), {{"roles", joined_roles(present.roles)}},
                         {{"roles", joined_roles(wanted.roles)}}));
    }
  }

  void plan_missing_membership(const DesiredPerson& person, const DesiredMembership& wanted,
                               const DirectoryUser& user) {
    if (!wanted.active) return;
    for (const auto& address : {person.email, user.email}) {
      if (!open_invitations(address, wanted.organization_id).empty()) return;  // the person comes that way
    }
    if (protection_.covers_organization(wanted.organization_id, wanted.place)) return;
    if (protection_.covers_user(&user, wanted.organization_id, wanted.place)) return;
    plan_new_membership(wanted, user.id, std::nullopt);
  }

  /// Whether the list says who belongs to the organization, and therefore who does not.
  [[nodiscard]] bool may_lose(const std::string& organization) const {
    return list_.scope.contains(organization) && !uncertain_organizations_.contains(organization);
  }

  /// Who is a member and not on the list.
  void plan_stranger(const DirectoryMembership& membership) {
    if (!may_lose(membership.organization_id) || uncertain_users_.contains(membership.user_id)) return;
    if (listed_seats_.contains({membership.user_id, membership.organization_id})) return;
    const bool is_over = rules_.removes ? membership.status == "pending" : membership.status != "active";
    if (is_over || protection_.covers_membership(membership, "")) return;
    if (users_.by_id(membership.user_id) == nullptr) return leave_unknown_member_alone(membership);
    Action action = make_action(rules_.removes ? ActionKind::remove_membership : ActionKind::deactivate_membership, "",
                                "not on the list");
    Fields before{{"status", membership.status}};
    if (rules_.removes) before["roles"] = joined_roles(membership.roles);
    actions_.add(about(membership, std::move(action), std::move(before),
                       rules_.removes ? Fields{} : Fields{{"status", "inactive"}}));
  }

  /// Lists name people by external id and address, which only the user's own row tells.
  void leave_unknown_member_alone(const DirectoryMembership& membership) {
    changes_.unresolved.push_back(
        {membership.id, membership.organization_id,
         "its user " + membership.user_id +
             " is not in the mirror and may be on the list; look at `authkit-mirror events list --quarantined` and "
             "`authkit-mirror report orphaned_memberships`, and run `authkit-mirror sync` or `authkit-mirror verify`",
         ""});
  }

  void plan_open_invitation(const DirectoryInvitation& invitation) {
    if (invitation.organization_id.empty() || !may_lose(invitation.organization_id)) return;
    if (kept_invitations_.contains(invitation.id) || uncertain_emails_.contains(folded(invitation.email))) return;
    if (protection_.covers_organization(invitation.organization_id, "", invitation.id)) return;
    if (protection_.covers_email(invitation.email, "", invitation.id, invitation.organization_id)) return;
    revoke(invitation, "not on the list", "");
  }

  void revoke(const DirectoryInvitation& invitation, const char* reason, const std::string& place) {
    Action action = make_action(ActionKind::revoke_invitation, place, reason);
    action.id = invitation.id;
    action.organization_id = invitation.organization_id;
    action.before = {{"state", "pending"}};
    action.after = {{"state", "revoked"}};
    actions_.add(std::move(action));
  }

  void count() {
    const auto in_scope = static_cast<long>(std::ranges::count_if(
        directory_.memberships, [&](const auto& each) { return list_.scope.contains(each.organization_id); }));
    const auto open = static_cast<long>(std::ranges::count_if(
        directory_.invitations, [&](const auto& each) { return list_.scope.contains(each.organization_id); }));
    for (const ActionKind kind : all_action_kinds) {
      const auto number = static_cast<long>(std::ranges::count(changes_.actions, kind, &Action::kind));
      if (number > 0) changes_.counts.push_back(rules_.limits.judge(kind, number, objects_of(kind, in_scope, open)));
    }
  }

  [[nodiscard]] std::optional<long> objects_of(ActionKind kind, long memberships, long invitations) const {
    if (makes_new(kind)) return std::nullopt;
    switch (kind) {
      case ActionKind::update_user:
        return static_cast<long>(listed_users_.size());
      case ActionKind::revoke_invitation:
        return invitations;
      default:
        return memberships;
    }
  }

  const DesiredList& list_;
  const DirectoryState& directory_;
  const PlanRules& rules_;
  const UserIndex users_;
  Protection protection_;
  ActionList actions_;
  Changes changes_;
  std::map<Seat, const DirectoryMembership*> memberships_;
  std::map<Seat, std::vector<const DirectoryInvitation*>> invitations_;  ///< by folded address
  std::unordered_set<std::string> listed_users_;
  std::unordered_set<std::string> matched_users_;
  std::unordered_set<std::string> uncertain_users_;
  std::unordered_set<std::string> uncertain_emails_;
  std::unordered_set<std::string> uncertain_organizations_;
  std::set<Seat> listed_seats_;
  std::unordered_set<std::string> kept_invitations_;
};

}  // namespace

Changes plan_changes(const DesiredList& list, const DirectoryState& directory, const PlanRules& rules) {
  return Planner(list, directory, rules).plan();
}

}  // namespace mirror::reconcile
