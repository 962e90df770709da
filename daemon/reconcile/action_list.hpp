#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "model/directory_state.hpp"
#include "reconcile/plan.hpp"

namespace mirror::reconcile {

/// An action without an object. `place`: the line of the list that wants it; empty: it is about who is not on the list.
Action make_action(ActionKind kind, const std::string& place, const char* reason);

/// `action`, about `membership`.
Action about(const DirectoryMembership& membership, Action action, Fields before, Fields after);

/// A plan's actions in the making. Until they are numbered each is known by its index. Not thread-safe.
class ActionList {
 public:
  std::size_t add(Action action);
  /// The same for a membership of the user whom the action with index `creation` makes.
  std::size_t add_for_new_user(Action action, std::size_t creation);

  /// In the order of application: by kind, then as they were added.
  [[nodiscard]] std::vector<Action> take_numbered();

 private:
  std::vector<Action> actions_;
  std::map<std::size_t, std::size_t> creations_;  ///< of whose user, by the membership's index
};

}  // namespace mirror::reconcile
