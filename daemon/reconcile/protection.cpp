#include "reconcile/protection.hpp"

namespace mirror::reconcile {

Protection::Protection(const DirectoryState& directory, const ProtectedOnes& protect, const UserIndex& users)
    : protect_(protect), users_(users) {
  for (const auto& each : directory.organizations) {
    if (protect.covers(each)) organizations_.insert(each.id);
  }
}

bool Protection::covers_user(const DirectoryUser* user, const std::string& organization, const std::string& place) {
  if (user == nullptr || !protect_.covers(*user)) return false;
  return note(user->id, organization, "the user is protected", place);
}

bool Protection::covers_email(const std::string& email, const std::string& place, const std::string& id,
                              const std::string& organization) {
  if (!protect_.covers_email(email)) return false;
  return note(id, organization, "the address is protected", place);
}

bool Protection::covers_organization(const std::string& organization, const std::string& place, const std::string& id) {
  if (!organizations_.contains(organization)) return false;
  return note(id, organization, "the organization is protected", place);
}

bool Protection::covers_membership(const DirectoryMembership& membership, const std::string& place) {
  if (covers_organization(membership.organization_id, place, membership.id)) return true;
  if (covers_member(membership, place)) return true;
  if (!membership.directory_managed) return false;
  return note(membership.id, membership.organization_id, "a directory provider manages the membership", place);
}

/// By the id alone if the mirror has no such user.
bool Protection::covers_member(const DirectoryMembership& membership, const std::string& place) {
  const DirectoryUser* const user = users_.by_id(membership.user_id);
  if (user != nullptr) return covers_user(user, membership.organization_id, place);
  if (!protect_.covers_id(membership.user_id)) return false;
  return note(membership.user_id, membership.organization_id, "the user is protected", place);
}

bool Protection::note(const std::string& id, const std::string& organization, const char* reason,
                      const std::string& place) {
  exceptions_.push_back({id, organization, reason, place});
  return true;
}

}  // namespace mirror::reconcile
