#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mirror {

/// The directory, or the part of it that somebody needs to know, as plain values. What the API leaves out or calls null
/// is empty.
struct DirectoryOrganization {
  std::string id;
  std::string external_id;
};

struct DirectoryUser {
  std::string id;
  std::string email;
  std::string external_id;
  std::string first_name;
  std::string last_name;
};

struct DirectoryMembership {
  std::string id;
  std::string user_id;
  std::string organization_id;
  std::string status;  ///< active, inactive, pending
  std::vector<std::string> roles;
  bool directory_managed = false;  ///< a directory provider decides about it
};

/// One that can still be accepted.
struct DirectoryInvitation {
  std::string id;
  std::string email;
  std::string organization_id;  ///< empty: into no organization
  std::string role;
};

struct DirectoryState {
  std::vector<DirectoryOrganization> organizations;
  std::vector<DirectoryUser> users;
  std::vector<DirectoryMembership> memberships;
  std::vector<DirectoryInvitation> invitations;
};

}  // namespace mirror
