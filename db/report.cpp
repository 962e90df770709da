#include "db/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "support/error.hpp"
#include "support/nearest_name.hpp"

namespace mirror::db {
namespace {

using Days = Report::Days;
using Organization = Report::Organization;

void require(bool fits, const Report& report, const char* flag, const char* what) {
  if (!fits) throw Error(Fault::usage, fmt::format("report {}: {} {}", report.name, flag, what), "leave it out");
}

std::vector<Report> reports_on_members() {
  return {{.name = "active_members_by_role",
           .summary = "Active members per organization and role",
           .organization = Organization::column,
           .order = "members DESC, organization_id, role_slug",
           .streams = {"organization_memberships", "organizations"}},
          {.name = "organizations_by_size",
           .summary = "Every organization with its number of active members",
           .organization = Organization::column,
           .order = "active_members DESC, organization_id",
           .streams = {"organizations", "organization_memberships"}},
          {.name = "directory_managed_share",
           .summary = "How many of an organization's members a directory sync provider manages",
           .organization = Organization::column,
           .order = "percent DESC, active_members DESC, organization_id",
           .streams = {"organization_memberships", "organizations"}},
          {.name = "users_without_organization",
           .summary = "Users without a membership of any status, the oldest first",
           .order = "created_at, user_id",
           .streams = {"users", "organization_memberships"}},
          {.name = "dormant_users",
           .summary = "Users who did not sign in for --days (90), those who never did first",
           .days = Days::argument,
           .organization = Organization::members,
           .order = "last_sign_in_at NULLS FIRST, user_id",
           .streams = {"users"}},
          {.name = "unverified_emails",
           .summary = "Users whose address was not verified, the newest first",
           .days = Days::since,
           .date_column = "created_at",
           .organization = Organization::members,
           .order = "created_at DESC, user_id",
           .streams = {"users"}}};
}

std::vector<Report> other_reports() {
  return {
      {.name = "pending_invitations",
       .summary = "Invitations that can still be accepted, the first to expire first",
       .organization = Organization::column,
       .order = "expires_at, invitation_id",
       .streams = {"invitations", "organizations"}},
      {.name = "expiring_invitations",
       .summary = "Those of them that expire within --days (7)",
       .days = Days::argument,
       .organization = Organization::column,
       .order = "expires_at, invitation_id",
       .streams = {"invitations", "organizations"}},
      {.name = "expired_invitations",
       .summary = "Invitations that expired and were never accepted, the latest first",
       .days = Days::since,
       .date_column = "expires_at",
       .organization = Organization::column,
       .order = "expires_at DESC NULLS LAST, invitation_id",
       .streams = {"invitations", "organizations"}},
      {.name = "growth_per_day",
       .summary = "New users and organizations per day, in UTC, the latest first",
       .days = Days::since,
       .date_column = "day",
       .order = "day DESC",
       .streams = {"users", "organizations"}},
      {.name = "growth_per_month",
       .summary = "New users and organizations per month, the latest first",
       .days = Days::since,
       .date_column = "month",
       .order = "month DESC",
       .streams = {"users", "organizations"}},
      {.name = "domains_by_state",
       .summary = "Domains by the state of their verification",
       .order = "domains DESC, state",
       .streams = {"organizations"}},
      {.name = "duplicate_emails",
       .summary = "Addresses that several users have, compared without case",
       .order = "users DESC, email",
       .streams = {"users"}},
      {.name = "duplicate_external_ids",
       .summary = "Ids of your own system that several users or organizations have",
       .order = "objects DESC, table_name, external_id",
       .streams = {"users", "organizations"}},
      {.name = "orphaned_memberships",
       .summary = "Memberships whose user or organization is missing or deleted",
       .organization = Organization::column,
       .order = "membership_id",
       .streams = {"organization_memberships", "users", "organizations"}},
  };
}

}  // namespace

const std::vector<Report>& reports() {
  static const std::vector<Report> all = [] {
    std::vector<Report> list = reports_on_members();
    std::ranges::move(other_reports(), std::back_inserter(list));
    return list;
  }();
  return all;
}

const Report& find_report(std::string_view name) {
  std::string wanted(name);
  std::ranges::replace(wanted, '-', '_');
  const auto found = std::ranges::find(reports(), wanted, &Report::name);
  if (found != reports().end()) return *found;
  std::vector<std::string> names;
  for (const Report& report : reports()) names.emplace_back(report.name);
  const auto nearest = nearest_name(wanted, names);
  throw Error(Fault::usage,
              fmt::format("there is no report \"{}\"{}", name, nearest ? ", did you mean \"" + *nearest + "\"?" : ""),
              "`authkit-mirror report list` shows all of them");
}

std::vector<std::string_view> streams_of(const Report& report, const ReportArguments& arguments) {
  std::vector<std::string_view> streams = report.streams;
  const bool asks_for_members = report.organization == Organization::members && !arguments.organization.empty();
  if (asks_for_members) streams.emplace_back("organization_memberships");
  return streams;
}

void check_arguments(const Report& report, const ReportArguments& arguments) {
  require(!arguments.days || report.days != Days::none, report, "--days", "means nothing here");
  require(arguments.organization.empty() || report.organization != Organization::none, report, "--organization",
          "means nothing here");
}

}  // namespace mirror::db
