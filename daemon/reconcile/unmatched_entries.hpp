#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "model/directory_state.hpp"
#include "reconcile/plan_rules.hpp"

namespace mirror::reconcile {

/// Which entries of a protection match nobody: told after everybody was seen. Keeps a reference to the protection. Not
/// thread-safe.
class UnmatchedEntries {
 public:
  explicit UnmatchedEntries(const ProtectedOnes& protect);

  void see(const DirectoryUser& user);
  void see(const DirectoryOrganization& organization);
  /// Its user, whom the mirror may lack.
  void see(const DirectoryMembership& membership) { names_.erase(membership.user_id); }
  void see(const DirectoryInvitation& invitation) { see_email(invitation.email); }

  /// Where they are and, unless that is an address, what they say.
  [[nodiscard]] std::vector<std::string> places() const;

 private:
  void see_email(const std::string& email);

  const ProtectedOnes& protect_;
  std::unordered_set<std::string> names_;   ///< of entries that are still unmatched
  std::unordered_set<std::string> emails_;  ///< likewise, folded
};

}  // namespace mirror::reconcile
