#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/directory_state.hpp"
#include "reconcile/plan.hpp"
#include "reconcile/problem_list.hpp"

namespace mirror::reconcile {

/// How many changes of each kind go without asking: exceeded by more than `max_count`, or by more than `min_count` that
/// are also more than `max_percent` of the objects in question.
struct PlanLimits {
  /// In place of the common ones; a part that is empty stays as it is.
  struct OfKind {
    std::optional<long> max_count = {};
    std::optional<double> max_percent = {};
  };

  long max_count = 500;
  long min_count = 20;
  double max_percent = 5;
  std::map<ActionKind, OfKind> of_kind = {};

  /// `of`: the objects in question; empty if the kind makes new ones.
  [[nodiscard]] KindCount judge(ActionKind kind, long count, std::optional<long> of) const;
};

/// An id, an external id or an email address. A plain value.
struct ProtectedEntry {
  std::string name;
  std::string place = {};  ///< as in "owners.txt line 3"
};

/// Whom no plan touches.
class ProtectedOnes {
 public:
  /// Adds the entries of a file, a line each; # begins a comment, a byte order mark is skipped. Adds a problem for what
  /// can't be an entry.
  void read(std::string_view text, const std::string& file, ProblemList& problems);
  void add(ProtectedEntry entry);

  [[nodiscard]] const std::vector<ProtectedEntry>& entries() const { return entries_; }
  [[nodiscard]] bool covers(const DirectoryUser& user) const;
  [[nodiscard]] bool covers(const DirectoryOrganization& organization) const;
  [[nodiscard]] bool covers_id(const std::string& id) const { return names(id); }
  [[nodiscard]] bool covers_email(const std::string& email) const;

 private:
  [[nodiscard]] bool names(const std::string& entry) const { return !entry.empty() && names_.contains(entry); }

  std::vector<ProtectedEntry> entries_;
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
