#pragma once

#include "model/directory_state.hpp"
#include "reconcile/desired_list.hpp"
#include "reconcile/plan_rules.hpp"

namespace mirror::reconcile {

/// The changes that make `directory` as `list` wants it, in the organizations of the list's scope. Pure: nothing is
/// read or written. `directory` holds the scope's organizations, memberships and open invitations, and every user who
/// is a member there or has an email address or an external id of the list. A member whose user it lacks is left
/// alone, and unresolved.
Changes plan_changes(const DesiredList& list, const DirectoryState& directory, const PlanRules& rules);

}  // namespace mirror::reconcile
