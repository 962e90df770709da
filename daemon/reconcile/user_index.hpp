#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "model/directory_state.hpp"
#include "reconcile/desired_list.hpp"

namespace mirror::reconcile {

/// Who of the directory a person on the list is.
struct UserMatch {
  const DirectoryUser* user = nullptr;        ///< null: nobody
  std::string contradiction;                  ///< why that can't be told; empty: it can
  std::vector<const DirectoryUser*> claimed;  ///< everybody whom the person may be: none of them is a stranger
};

/// Finds users by external id, then by email without case. Keeps references to the users. Not thread-safe.
class UserIndex {
 public:
  explicit UserIndex(const std::vector<DirectoryUser>& users);

  [[nodiscard]] UserMatch find(const DesiredPerson& person) const;
  /// Null if there is none of that id.
  [[nodiscard]] const DirectoryUser* by_id(const std::string& id) const;

 private:
  using Users = std::vector<const DirectoryUser*>;

  std::unordered_map<std::string, const DirectoryUser*> by_id_;
  std::unordered_map<std::string, Users> by_external_id_;
  std::unordered_map<std::string, Users> by_email_;
};

}  // namespace mirror::reconcile
