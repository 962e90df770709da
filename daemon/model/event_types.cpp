#include "model/event_types.hpp"

#include <algorithm>
#include <array>

#include "model/streams.hpp"

// The types are those of the WorkOS documentation on events (workos.com/docs/events).

namespace mirror {
namespace {

constexpr bool deletes = true;

std::array<EventType, 18> make_types() {
  const TableSpec* organizations_table = organizations().table;
  const TableSpec* domains = organizations().embedded.front().table;
  const TableSpec* users_table = users().table;
  const TableSpec* memberships = organization_memberships().table;
  const TableSpec* invitations_table = invitations().table;
  return {{
      {"organization.created", organizations_table, "organization"},
      {"organization.updated", organizations_table, "organization"},
      {"organization.deleted", organizations_table, "organization", {}, deletes},
      {"organization_domain.created", domains, "organization_domain"},
      {"organization_domain.updated", domains, "organization_domain"},
      {"organization_domain.verified", domains, "organization_domain"},
      {"organization_domain.verification_failed", domains, "organization_domain", "organization_domain"},
      {"organization_domain.deleted", domains, "organization_domain", {}, deletes},
      {"user.created", users_table, "user"},
      {"user.updated", users_table, "user"},
      {"user.deleted", users_table, "user", {}, deletes},
      {"organization_membership.created", memberships, "organization_membership"},
      {"organization_membership.updated", memberships, "organization_membership"},
      {"organization_membership.deleted", memberships, "organization_membership", {}, deletes},
      {"invitation.created", invitations_table, "invitation"},
      {"invitation.accepted", invitations_table, "invitation"},
      {"invitation.revoked", invitations_table, "invitation"},
      {"invitation.resent", invitations_table, "invitation"},
  }};
}

constexpr std::array<std::string_view, 6> secret_keys{
    "token", "accept_invitation_url", "verification_token", "password_reset_token", "password_reset_url", "secret"};
/// One-time codes; elsewhere `code` names an error.
constexpr std::array<std::string_view, 7> code_keys{
    "token", "accept_invitation_url", "verification_token", "password_reset_token", "password_reset_url", "secret",
    "code"};
constexpr std::array<std::string_view, 3> with_codes{"email_verification.", "magic_auth.", "password_reset."};

}  // namespace

std::span<const EventType> mirrored_event_types() noexcept {
  static const auto types = make_types();
  return types;
}

const EventType* find_event_type(std::string_view name) noexcept {
  const auto types = mirrored_event_types();
  const auto found = std::ranges::find_if(types, [&](const EventType& type) { return type.name == name; });
  return found == types.end() ? nullptr : &*found;
}

std::span<const std::string_view> event_secret_keys(std::string_view name) noexcept {
  const bool has_code = std::ranges::any_of(with_codes, [&](auto prefix) { return name.starts_with(prefix); });
  if (has_code) return code_keys;
  return secret_keys;
}

}  // namespace mirror
