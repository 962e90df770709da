#include "model/streams.hpp"

#include <algorithm>
#include <array>

// The fields are those of the official OpenAPI description (github.com/workos/openapi-spec, release 0.61.0) and of the
// WorkOS documentation on events; ARCHITECTURE.md, "Facts about the API", lists what was taken from where.

namespace mirror {
namespace {

using enum ColumnType;
using enum Presence;
using enum FieldOrder;

constexpr std::array<std::string_view, 0> nothing{};

constexpr std::array organization_columns{
    ColumnSpec{"name", "name", text},
    ColumnSpec{"external_id", "external_id", text},
    ColumnSpec{"metadata", "metadata", json},
    ColumnSpec{"stripe_customer_id", "stripe_customer_id", text, versioned, {when_set, when_set, when_set, never}},
    ColumnSpec{"allow_profiles_outside_organization",
               "allow_profiles_outside_organization",
               boolean,
               versioned,
               {when_set, when_set, never, never}},
};
constexpr std::array<std::string_view, 1> organization_omitted{"domains"};
constexpr std::array<std::string_view, 1> domain_secrets{"verification_token"};

constexpr TableSpec organizations_table{"organizations",      "/organizations", organization_columns, {},
                                        organization_omitted, domain_secrets};

constexpr std::array domain_columns{
    ColumnSpec{"organization_id", "organization_id", text},
    ColumnSpec{"domain", "domain", text},
    ColumnSpec{"state", "state", text, versioned, {when_set, when_set, when_set, when_set}},
    ColumnSpec{
        "verification_strategy", "verification_strategy", text, versioned, {when_set, when_set, when_set, when_set}},
    ColumnSpec{"verification_prefix", "verification_prefix", text, versioned, {when_set, when_set, when_set, when_set}},
};
constexpr std::array domain_parents{ParentSpec{"organization_id", "organizations"}};

constexpr TableSpec domains_table{
    "organization_domains", "/organization_domains", domain_columns, domain_parents, nothing, domain_secrets};

constexpr std::array organization_embedded{EmbeddedSpec{"domains", &domains_table, "organization_id"}};

constexpr StreamSpec organizations_stream{"organizations",      &organizations_table, "/organizations", "", "", "",
                                          organization_embedded};

constexpr std::array user_columns{
    ColumnSpec{"email", "email", text},
    ColumnSpec{"email_verified", "email_verified", boolean},
    ColumnSpec{"first_name", "first_name", text},
    ColumnSpec{"last_name", "last_name", text},
    ColumnSpec{"name", "name", text, versioned, {when_set, when_set, when_set, when_set}},
    ColumnSpec{"profile_picture_url", "profile_picture_url", text},
    ColumnSpec{"external_id", "external_id", text},
    ColumnSpec{"metadata", "metadata", json, versioned, {when_set, when_set, when_set, when_set}},
    ColumnSpec{"last_sign_in_at", "last_sign_in_at", instant, observed},
    ColumnSpec{"locale", "locale", text, versioned, {when_set, when_set, when_set, when_set}},
};

constexpr TableSpec users_table{"users", "/user_management/users", user_columns, {}, nothing, nothing};

constexpr StreamSpec users_stream{"users", &users_table, "/user_management/users", "", "", "", {}};

constexpr std::array membership_columns{
    ColumnSpec{"user_id", "user_id", text},
    ColumnSpec{"organization_id", "organization_id", text},
    ColumnSpec{"organization_name", "organization_name", text, observed, {when_set, when_set, never, never}},
    ColumnSpec{"status", "status", text},
    ColumnSpec{"role_slug", "role", slug},
    ColumnSpec{"role_slugs", "roles", slugs, versioned, {when_set, when_set, when_set, never}},
    ColumnSpec{"directory_managed", "directory_managed", boolean},
    ColumnSpec{"custom_attributes", "custom_attributes", json, versioned, {when_set, when_set, always, never}},
};
constexpr std::array membership_parents{ParentSpec{"organization_id", "organizations"}, ParentSpec{"user_id", "users"}};
// The embedded user has a row of its own; repeating it would rewrite every membership at each sign-in.
constexpr std::array<std::string_view, 1> membership_omitted{"user"};

constexpr TableSpec memberships_table{"organization_memberships", "/user_management/organization_memberships",
                                      membership_columns,         membership_parents,
                                      membership_omitted,         nothing};

// Without `statuses` the API lists active memberships only.
constexpr StreamSpec memberships_stream{"organization_memberships",
                                        &memberships_table,
                                        "/user_management/organization_memberships",
                                        "statuses=active,inactive,pending",
                                        "organizations",
                                        "organization_id",
                                        {},
                                        {"user", "users"}};

constexpr std::array invitation_columns{
    ColumnSpec{"email", "email", text},
    ColumnSpec{"state", "state", text, observed},
    ColumnSpec{"accepted_at", "accepted_at", instant},
    ColumnSpec{"revoked_at", "revoked_at", instant},
    ColumnSpec{"expires_at", "expires_at", instant},
    ColumnSpec{"organization_id", "organization_id", text},
    ColumnSpec{"inviter_user_id", "inviter_user_id", text},
    ColumnSpec{"accepted_user_id", "accepted_user_id", text},
    ColumnSpec{"role_slug", "role_slug", text, observed, {when_set, when_set, when_set, never}},
};
constexpr std::array<std::string_view, 2> invitation_secrets{"token", "accept_invitation_url"};

constexpr TableSpec invitations_table{
    "invitations", "/user_management/invitations", invitation_columns, {}, nothing, invitation_secrets};

constexpr StreamSpec invitations_stream{
    "invitations", &invitations_table, "/user_management/invitations", "", "", "", {}};

constexpr std::array<const StreamSpec*, 4> streams{&organizations_stream, &users_stream, &memberships_stream,
                                                   &invitations_stream};
constexpr std::array<const TableSpec*, 5> tables{&organizations_table, &domains_table, &users_table, &memberships_table,
                                                 &invitations_table};

}  // namespace

int column_index(const TableSpec& table, std::string_view column) noexcept {
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].name == column) return static_cast<int>(i);
  }
  return -1;
}

std::span<const StreamSpec* const> all_streams() noexcept {
  return streams;
}
std::span<const TableSpec* const> all_tables() noexcept {
  return tables;
}

std::vector<const TableSpec*> tables_of(const StreamSpec& stream) {
  std::vector<const TableSpec*> tables{stream.table};
  for (const auto& embedded : stream.embedded) tables.push_back(embedded.table);
  return tables;
}

const StreamSpec* find_stream(std::string_view name) noexcept {
  const auto found = std::ranges::find_if(streams, [&](const auto* stream) { return stream->name == name; });
  return found == streams.end() ? nullptr : *found;
}

const TableSpec* find_table(std::string_view name) noexcept {
  const auto found = std::ranges::find_if(tables, [&](const auto* table) { return table->name == name; });
  return found == tables.end() ? nullptr : *found;
}

const StreamSpec& organizations() noexcept {
  return organizations_stream;
}
const StreamSpec& users() noexcept {
  return users_stream;
}
const StreamSpec& organization_memberships() noexcept {
  return memberships_stream;
}
const StreamSpec& invitations() noexcept {
  return invitations_stream;
}

}  // namespace mirror
