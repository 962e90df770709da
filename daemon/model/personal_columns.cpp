#include "model/personal_columns.hpp"

#include "model/streams.hpp"

namespace mirror {

PersonalColumns personal_columns(const TableSpec& table) noexcept {
  if (&table == organization_memberships().table) return {.owner = "user_id"};
  if (&table == invitations().table) {
    return {.owner = "accepted_user_id", .mention = "inviter_user_id", .address = "email"};
  }
  return {};
}

bool is_persons(const TableSpec& table) noexcept {
  return &table == users().table;
}

}  // namespace mirror
