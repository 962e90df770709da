#include "tests/simulator/record.hpp"

namespace mirror::simulator {
namespace {

struct KindNames {
  std::string_view table;
  std::string_view object;
  std::string_view prefix;
  std::string_view path;
};

constexpr std::array<KindNames, all_kinds.size()> names{{
    {"organizations", "organization", "org_", "/organizations"},
    {"users", "user", "user_", "/user_management/users"},
    {"organization_memberships", "organization_membership", "om_", "/user_management/organization_memberships"},
    {"invitations", "invitation", "invitation_", "/user_management/invitations"},
}};

const KindNames& names_of(Kind kind) {
  return names[static_cast<std::size_t>(kind)];
}

}  // namespace

std::string_view table_name(Kind kind) {
  return names_of(kind).table;
}
std::string_view object_name(Kind kind) {
  return names_of(kind).object;
}
std::string_view id_prefix(Kind kind) {
  return names_of(kind).prefix;
}
std::string_view list_path(Kind kind) {
  return names_of(kind).path;
}

std::optional<Kind> find_kind(std::string_view table) {
  for (const Kind kind : all_kinds) {
    if (table_name(kind) == table) return kind;
  }
  return std::nullopt;
}

}  // namespace mirror::simulator
