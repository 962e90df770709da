#include "reconcile/action_list.hpp"

#include <algorithm>
#include <utility>

namespace mirror::reconcile {

Action make_action(ActionKind kind, const std::string& place, const char* reason) {
  Action action;
  action.kind = kind;
  action.place = place;
  action.reason = reason;
  return action;
}

Action about(const DirectoryMembership& membership, Action action, Fields before, Fields after) {
  action.id = membership.id;
  action.user_id = membership.user_id;
  action.organization_id = membership.organization_id;
  action.before = std::move(before);
  action.after = std::move(after);
  return action;
}

std::size_t ActionList::add(Action action) {
  actions_.push_back(std::move(action));
  return actions_.size() - 1;
}

std::size_t ActionList::add_for_new_user(Action action, std::size_t creation) {
  const std::size_t index = add(std::move(action));
  creations_[index] = creation;
  return index;
}

std::vector<Action> ActionList::take_numbered() {
  std::vector<std::size_t> order(actions_.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return actions_[i].kind; });
  for (std::size_t i = 0; i < order.size(); ++i) actions_[order[i]].number = static_cast<int>(i + 1);
  for (const auto& [membership, creation] : creations_) {
    actions_[membership].user_action = actions_[creation].number;
  }
  creations_.clear();
  std::ranges::sort(actions_, {}, &Action::number);
  return std::move(actions_);
}

}  // namespace mirror::reconcile
