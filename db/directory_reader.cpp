#include "db/directory_reader.hpp"

#include <fmt/format.h>

#include "db/array_literal.hpp"
#include "db/result_reader.hpp"
#include "model/streams.hpp"

namespace mirror::db {
namespace {

constexpr int users_at_once = 20'000;

std::string text(const Field& field) {
  return std::string(view(field));
}

std::string iso(const std::string& expression) {
  return "to_char(" + expression + ", 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
}

}  // namespace

DirectoryReader::DirectoryReader(Connection& connection, std::string environment)
    : transaction_(connection), environment_(std::move(environment)) {
  transaction_.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
}

MirrorPosition DirectoryReader::position() {
  MirrorPosition position;
  const Result lease = transaction_.run("SELECT feed_seq FROM " + table("lease") + " WHERE _env = $1", environment_);
  if (row_count(lease) > 0) position.feed_seq = lease[0][0].as<std::int64_t>();
  position.feed_written_at = feed_written_at(position.feed_seq);
  const Result tail =
      transaction_.run("SELECT " + iso("caught_up_through") +
                           ", extract(epoch FROM clock_timestamp() - polled_at)::float8, coalesce(problem, ''), " +
                           iso("problem_since") + " FROM " + table("event_tails") + " WHERE _env = $1",
                       environment_);
  if (row_count(tail) > 0) {
    position.caught_up_through = text(tail[0][0]);
    position.seconds_since_end = read_optional<double>(tail[0][1]);
    position.tail_problem = text(tail[0][2]);
    position.tail_problem_since = text(tail[0][3]);
  }
  for (const StreamSpec* stream : all_streams()) {
    const Result certificate =
        transaction_.run("SELECT extract(epoch FROM clock_timestamp() - last_certified_at)::float8 FROM " +
                             table("streams") + " WHERE _env = $1 AND stream = $2 AND last_certified_at IS NOT NULL",
                         environment_, stream->name);
    if (row_count(certificate) == 0) {
      position.never_certified += (position.never_certified.empty() ? "" : ", ") + std::string(stream->name);
    } else {
      position.oldest_certified = std::max(position.oldest_certified.value_or(0), certificate[0][0].as<double>());
    }
  }
  const Result holds = transaction_.run(
      "SELECT count(*), " + iso("min(created_at)") + " FROM " + table("holds") + " WHERE _env = $1 AND state = 'open'",
      environment_);
  position.open_holds = holds[0][0].as<long>();
  position.oldest_hold_since = text(holds[0][1]);
  return position;
}

std::string DirectoryReader::feed_written_at(std::int64_t seq) {
  const Result line = transaction_.run(
      "SELECT " + iso("changed_at") + " FROM " + table("changes") + " WHERE _env = $1 AND seq = $2", environment_, seq);
  return row_count(line) == 0 ? std::string() : text(line[0][0]);
}

std::pair<std::string, std::string> DirectoryReader::now_and_later(long seconds) {
  const Result result = transaction_.run(
      "SELECT " + iso("clock_timestamp()") + ", " + iso("clock_timestamp() + make_interval(secs => $1::integer)"),
      seconds);
  return {text(result[0][0]), text(result[0][1])};
}

std::vector<DirectoryOrganization> DirectoryReader::organizations() {
  std::vector<DirectoryOrganization> organizations;
  for (const auto& row :
       transaction_.run("SELECT id, external_id FROM " + table("organizations_live") + " WHERE _env = $1 ORDER BY id",
                        environment_)) {
    organizations.push_back({text(row[0]), text(row[1])});
  }
  return organizations;
}

std::vector<DirectoryMembership> DirectoryReader::memberships(const std::vector<std::string>& organizations) {
  const Result result = transaction_.run(
      "SELECT m.id, m.user_id, m.organization_id, m.status,"
      " array_to_string(coalesce(nullif(m.role_slugs, '{}'), ARRAY[m.role_slug]), '|'), coalesce(m.directory_managed, "
      "false)"
      " FROM " +
          table("organization_memberships_live") +
          " AS m WHERE m._env = $1 AND m.organization_id = ANY ($2::text[])"
          " ORDER BY m.organization_id, m.id",
      environment_, array_literal(organizations));
  std::vector<DirectoryMembership> memberships;
  for (const auto& row : result) {
    DirectoryMembership membership{text(row[0]), text(row[1]), text(row[2]), text(row[3]), {}, row[5].as<bool>()};
    const std::string roles = text(row[4]);
    for (std::size_t begin = 0; begin < roles.size();) {
      const auto end = std::min(roles.find('|', begin), roles.size());
      membership.roles.push_back(roles.substr(begin, end - begin));
      begin = end + 1;
    }
    memberships.push_back(std::move(membership));
  }
  return memberships;
}

std::vector<DirectoryInvitation> DirectoryReader::invitations(const std::vector<std::string>& organizations) {
  const Result result = transaction_.run(
      "SELECT id, email, organization_id, role_slug FROM " + table("invitations_live") +
          " WHERE _env = $1 AND state = 'pending' AND (expires_at IS NULL OR expires_at > clock_timestamp())"
          " AND (organization_id IS NULL OR organization_id = ANY ($2::text[])) ORDER BY id",
      environment_, array_literal(organizations));
  std::vector<DirectoryInvitation> invitations;
  for (const auto& row : result) invitations.push_back({text(row[0]), text(row[1]), text(row[2]), text(row[3])});
  return invitations;
}

void DirectoryReader::users(const std::function<void(DirectoryUser&&)>& take) {
  const std::string sql = "SELECT id, email, external_id, first_name, last_name FROM " + table("users_live") +
                          " WHERE _env = $1 AND id > $2 ORDER BY id LIMIT $3";
  std::string after;
  while (true) {
    const Result page = transaction_.run(sql, environment_, after, users_at_once);
    for (const auto& row : page) {
      after = text(row[0]);
      take({after, text(row[1]), text(row[2]), text(row[3]), text(row[4])});
    }
    if (row_count(page) < static_cast<std::size_t>(users_at_once)) return;
  }
}

bool is_before(Connection& connection, const std::string& instant) {
  Transaction transaction(connection);
  return transaction.run("SELECT clock_timestamp() <= $1::timestamptz", instant)[0][0].as<bool>();
}

}  // namespace mirror::db
