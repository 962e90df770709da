#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "reconcile/plan.hpp"
#include "reconcile/plan_rules.hpp"
#include "reconcile/user_index.hpp"

namespace mirror::reconcile {

/// What a plan leaves alone, and the record of what it left alone for that. Each question names the list's line that
/// asks for a change (`place`, empty: who is not on the list), and notes an exception if the answer is yes. Keeps
/// references to what it is made of. Not thread-safe.
class Protection {
 public:
  Protection(const DirectoryState& directory, const ProtectedOnes& protect, const UserIndex& users);

  bool covers_user(const DirectoryUser* user, const std::string& organization, const std::string& place);
  /// `id` and `organization`: of the invitation to it that would change.
  bool covers_email(const std::string& email, const std::string& place, const std::string& id = {},
                    const std::string& organization = {});
  /// `id`: of the membership or invitation in it that would change.
  bool covers_organization(const std::string& organization, const std::string& place, const std::string& id = {});
  /// Also what a directory provider manages.
  bool covers_membership(const DirectoryMembership& membership, const std::string& place);

  [[nodiscard]] std::vector<Exception> take_exceptions() { return std::move(exceptions_); }

 private:
  bool covers_member(const DirectoryMembership& membership, const std::string& place);
  bool note(const std::string& id, const std::string& organization, const char* reason, const std::string& place);

  const ProtectedOnes& protect_;
  const UserIndex& users_;
  std::set<std::string> organizations_;
  std::vector<Exception> exceptions_;
};

}  // namespace mirror::reconcile
