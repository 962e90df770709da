#pragma once

#include <map>
#include <set>
#include <string>

#include "model/directory_state.hpp"
#include "reconcile/plan.hpp"
#include "reconcile/problem_list.hpp"

namespace mirror::reconcile {

/// How many changes of each kind go without asking: exceeded by more than `max_count`, or by more than `min_count` that
/// are also more than `max_percent` of the objects in question.
struct PlanLimits {
  long max_count = 500;
  long min_count = 20;
  double max_percent = 5;
  std::map<ActionKind, long> counts = {};  ///< a kind's own limit, which counts alone

  /// `of`: the objects in question; empty if the kind makes new ones.
  [[nodiscard]] KindCount judge(ActionKind kind, long count, std::optional<long> of) const;
};

/// Whom no plan touches.
class ProtectedOnes {
 public:
  /// A line each: an id, an external id or an email address; # begins a comment. Adds a problem for what can't be one.
  static ProtectedOnes parse(std::string_view text, ProblemList& problems);

  void add(const std::string& entry);
  [[nodiscard]] bool covers(const DirectoryUser& user) const;
  [[nodiscard]] bool covers(const DirectoryOrganization& organization) const;
  [[nodiscard]] bool covers_email(const std::string& email) const;

 private:
  [[nodiscard]] bool names(const std::string& entry) const { return !entry.empty() && names_.contains(entry); }

  std::set<std::string> names_;
  std::set<std::string> emails_;
};

/// What a plan is made by, besides the list and the directory.
struct PlanRules {
  bool invites = true;   ///< invite new people; false: create them
  bool removes = false;  ///< end the memberships of who is not on the list, instead of deactivating them
  PlanLimits limits = {};
  ProtectedOnes protect = {};
};

}  // namespace mirror::reconcile
