#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/directory_state.hpp"
#include "reconcile/source_rows.hpp"

namespace mirror::reconcile {

/// How somebody should belong to an organization.
struct DesiredMembership {
  std::string organization_id;
  std::vector<std::string> roles;  ///< sorted; empty: whichever it has
  bool active = true;
  std::string place;

  friend bool operator==(const DesiredMembership& a, const DesiredMembership& b) {
    return a.organization_id == b.organization_id && a.roles == b.roles && a.active == b.active;
  }
};

/// A person as the list wants it. What is empty is not decided by the list.
struct DesiredPerson {
  std::string email;
  std::string external_id;
  std::string first_name;
  std::string last_name;
  std::string place;  ///< the first line that names the person
  std::vector<DesiredMembership> memberships;
};

/// The whole list. A plain value.
struct DesiredList {
  std::vector<DesiredPerson> people;
  std::set<std::string> scope;     ///< ids of the organizations about whose members the list decides
  std::size_t repeated_rows = 0;   ///< that say again what another one says
  std::size_t unrelated_rows = 0;  ///< about other organizations than the only one
};

/// Which columns a list may have: email, external_id, first_name, last_name, organization, role, status.
const std::vector<std::string>& desired_columns();

/// What `source` says. `organization` is an id or an external id of one of `organizations`. With `only`, an id, the
/// list decides about that organization alone, which is also meant where a row names none. Texts are compared and kept
/// in one Unicode form. Adds a problem for every unknown column, invalid value and contradiction.
DesiredList read_desired(const SourceRows& source, const std::vector<DirectoryOrganization>& organizations,
                         const std::string& only, ProblemList& problems);

}  // namespace mirror::reconcile
