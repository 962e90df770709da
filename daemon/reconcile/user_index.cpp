#include "reconcile/user_index.hpp"

#include "reconcile/text_form.hpp"

namespace mirror::reconcile {

UserIndex::UserIndex(const std::vector<DirectoryUser>& users) {
  for (const DirectoryUser& user : users) {
    by_id_.emplace(user.id, &user);
    if (!user.external_id.empty())
      by_external_id_[composed(user.external_id).value_or(user.external_id)].push_back(&user);
    if (!user.email.empty()) by_email_[folded(user.email)].push_back(&user);
  }
}

const DirectoryUser* UserIndex::by_id(const std::string& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

UserMatch UserIndex::find(const DesiredPerson& person) const {
  static const Users nobody;
  const auto look = [](const auto& index, const std::string& key) -> const Users& {
    const auto found = key.empty() ? index.end() : index.find(key);
    return found == index.end() ? nobody : found->second;
  };
  const Users& same_id = look(by_external_id_, person.external_id);
  const Users& same_email = look(by_email_, folded(person.email));
  UserMatch match;
  match.claimed = same_id;
  match.claimed.insert(match.claimed.end(), same_email.begin(), same_email.end());
  if (same_id.size() > 1) match.contradiction = "several users have that external id";
  if (same_id.empty() && same_email.size() > 1) match.contradiction = "several users have that email address";
  if (!match.contradiction.empty()) return match;
  if (!same_id.empty()) {
    match.user = same_id.front();
    const bool is_taken = !same_email.empty() && same_email.front() != match.user;
    if (is_taken) match.contradiction = "the external id and the email address belong to different users";
    return match;
  }
  if (same_email.empty()) return match;
  match.user = same_email.front();
  if (!person.external_id.empty() && !match.user->external_id.empty()) {
    match.contradiction = "the user with that email address has another external id";
  }
  return match;
}

}  // namespace mirror::reconcile
