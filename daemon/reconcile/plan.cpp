#include "reconcile/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mirror::reconcile {
namespace {

constexpr std::array<std::string_view, all_action_kinds.size()> kind_names{
    "create_user",       "update_user",     "add_membership",        "reactivate_membership", "change_role",
    "revoke_invitation", "send_invitation", "deactivate_membership", "remove_membership"};

}  // namespace

std::string_view to_string(ActionKind kind) {
  return kind_names[static_cast<std::size_t>(kind)];
}

std::optional<ActionKind> action_kind_of(std::string_view name) {
  const auto* const found = std::ranges::find(kind_names, name);
  if (found == kind_names.end()) return std::nullopt;
  return all_action_kinds[static_cast<std::size_t>(found - kind_names.begin())];
}

bool makes_new(ActionKind kind) {
  return kind == ActionKind::create_user || kind == ActionKind::add_membership || kind == ActionKind::send_invitation;
}

std::string_view table_of(ActionKind kind) {
  switch (kind) {
    case ActionKind::create_user:
    case ActionKind::update_user:
      return "users";
    case ActionKind::revoke_invitation:
    case ActionKind::send_invitation:
      return "invitations";
    default:
      return "organization_memberships";
  }
}

std::string joined_roles(const std::vector<std::string>& roles) {
  std::vector<std::string> sorted = roles;
  std::ranges::sort(sorted);
  std::string joined;
  for (const std::string& role : sorted) joined += (joined.empty() ? "" : "|") + role;
  return joined;
}

std::vector<std::string> split_roles(const std::string& joined) {
  std::vector<std::string> roles;
  for (std::size_t begin = 0; begin < joined.size();) {
    const auto end = std::min(joined.find('|', begin), joined.size());
    roles.push_back(joined.substr(begin, end - begin));
    begin = end + 1;
  }
  return roles;
}

bool Plan::exceeds_limits() const {
  return std::ranges::any_of(changes.counts, &KindCount::exceeded);
}

std::string Plan::kinds_over_limit() const {
  std::string kinds;
  for (const KindCount& count : changes.counts) {
    if (!count.exceeded) continue;
    kinds += fmt::format("{}{} ({})", kinds.empty() ? "" : ", ", to_string(count.kind), count.count);
  }
  return kinds;
}

}  // namespace mirror::reconcile
