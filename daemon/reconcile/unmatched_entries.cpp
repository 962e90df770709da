#include "reconcile/unmatched_entries.hpp"

#include "reconcile/text_form.hpp"

namespace mirror::reconcile {

UnmatchedEntries::UnmatchedEntries(const ProtectedOnes& protect) : protect_(protect) {
  for (const ProtectedEntry& entry : protect.entries()) {
    names_.insert(entry.name);
    if (is_email(entry.name)) emails_.insert(folded(entry.name));
  }
}

void UnmatchedEntries::see(const DirectoryUser& user) {
  names_.erase(user.id);
  names_.erase(user.external_id);
  see_email(user.email);
}

void UnmatchedEntries::see(const DirectoryOrganization& organization) {
  names_.erase(organization.id);
  names_.erase(organization.external_id);
}

void UnmatchedEntries::see_email(const std::string& email) {
  if (!emails_.empty()) emails_.erase(folded(email));
}

std::vector<std::string> UnmatchedEntries::places() const {
  std::vector<std::string> places;
  for (const ProtectedEntry& entry : protect_.entries()) {
    const bool is_address = is_email(entry.name);
    if (!names_.contains(entry.name) || (is_address && !emails_.contains(folded(entry.name)))) continue;
    const bool may_be_shown = entry.name.find('@') == std::string::npos;
    places.push_back(may_be_shown ? entry.place + ": " + entry.name : entry.place);
  }
  return places;
}

}  // namespace mirror::reconcile
