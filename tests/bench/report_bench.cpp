#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <string>

#include "db/migrator.hpp"
#include "db/report_reader.hpp"
#include "tests/bench/report_scenarios.hpp"
#include "tests/harness/private_cluster.hpp"
#include "tests/harness/test_database.hpp"

namespace mirror::bench {
namespace {

/// Ids grow with time, as those of WorkOS do. `{0}` is how many there are.
constexpr const char* functions = R"sql(
CREATE FUNCTION new_id(prefix text, i bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT prefix || '_01' || lpad(upper(to_hex(i)), 12, '0') || upper(substr(md5(prefix || i), 1, 12))
$$;
CREATE FUNCTION new_time(i bigint, total bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT now() - interval '1095 days' * (1 - power(i::float8 / total, 0.6))
$$;
CREATE FUNCTION new_hash(text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$ SELECT decode(md5($1) || md5($1 || 'h'), 'hex') $$;
SELECT setseed(0.42);
)sql";

constexpr const char* organizations = R"sql(
INSERT INTO workos.organizations (_env, id, name, external_id, metadata, created_at, updated_at, _raw, _hash, _observed_at)
SELECT 'default', new_id('org', i), 'Organization ' || i, CASE WHEN i % 2 = 0 THEN 'ext_' || i END, '{{}}', at, at,
       jsonb_build_object('id', new_id('org', i), 'object', 'organization', 'name', 'Organization ' || i, 'created_at', at),
       new_hash('o' || i), now()
FROM (SELECT i, new_time(i, {0}) AS at FROM generate_series(1, {0}) AS i) AS each;
INSERT INTO workos.organization_domains (_env, id, organization_id, domain, state, created_at, updated_at, _raw, _hash, _observed_at)
SELECT 'default', new_id('org_domain', i), new_id('org', i), 'company' || i || '.example',
       CASE WHEN i % 10 < 8 THEN 'verified' WHEN i % 10 = 8 THEN 'pending' ELSE 'failed' END, now(), now(), '{{}}',
       new_hash('d' || i), now()
FROM generate_series(1, {0}) AS i;
)sql";

// One of two thousand has the address of another in other letters, one of thirty thousand another's external id.
constexpr const char* users = R"sql(
INSERT INTO workos.users (_env, id, email, email_verified, first_name, last_name, name, profile_picture_url, external_id,
                          metadata, last_sign_in_at, locale, created_at, updated_at, _raw, _hash, _observed_at)
SELECT 'default', id, email, verified, first, last, first || ' ' || last, picture, external_id, '{{}}', signed_in, 'en-US',
       at, at,
       jsonb_build_object('id', id, 'object', 'user', 'email', email, 'email_verified', verified, 'first_name', first,
         'last_name', last, 'name', first || ' ' || last, 'profile_picture_url', picture, 'external_id', external_id,
         'metadata', '{{}}'::jsonb, 'last_sign_in_at', signed_in, 'locale', 'en-US', 'created_at', at, 'updated_at', at),
       new_hash(id), now()
FROM (
  SELECT new_id('user', i) AS id, 'First' || i % 5000 AS first, 'Last' || i % 9000 AS last,
         CASE WHEN i % 2000 = 1 THEN 'PERSON' || i - 1 || '@example.com' ELSE 'person' || i || '@example.com' END AS email,
         random() > 0.05 AS verified, 'https://workoscdn.com/images/v1/' || md5(i::text) AS picture,
         CASE WHEN i % 3 = 0 THEN 'hr-' || CASE WHEN i % 30000 = 0 THEN i - 3 ELSE i END END AS external_id,
         CASE WHEN random() > 0.08 THEN now() - interval '400 days' * power(random(), 2.5) END AS signed_in,
         new_time(i, {0}) AS at
  FROM generate_series(1, {0}) AS i OFFSET 0
) AS each;
UPDATE workos.users SET _deleted_at = now(), _deleted_by = 'event' WHERE right(id, 2) = 'FF';
)sql";

// They arrive organization by organization. {1} users, {2} organizations; the first of these has most.
constexpr const char* memberships = R"sql(
INSERT INTO workos.organization_memberships (_env, id, user_id, organization_id, organization_name, status, role_slug,
                                             directory_managed, custom_attributes, created_at, updated_at, _raw, _hash,
                                             _observed_at)
SELECT 'default', id, user_id, organization_id, name, status, role, managed, '{{}}', at, at,
       jsonb_build_object('id', id, 'object', 'organization_membership', 'user_id', user_id, 'organization_id',
         organization_id, 'organization_name', name, 'status', status, 'role', jsonb_build_object('slug', role),
         'directory_managed', managed, 'custom_attributes', '{{}}'::jsonb, 'created_at', at, 'updated_at', at),
       new_hash(id), now()
FROM (
  SELECT new_id('om', i) AS id, new_id('user', 1 + floor({1} * 0.8 * u)::bigint) AS user_id,
         new_id('org', o) AS organization_id, 'Organization ' || o AS name,
         CASE WHEN x < 0.92 THEN 'active' WHEN x < 0.97 THEN 'inactive' ELSE 'pending' END AS status,
         CASE WHEN y < 0.85 THEN 'member' WHEN y < 0.95 THEN 'admin' WHEN y < 0.98 THEN 'viewer' ELSE 'billing' END AS role,
         o % 3 = 0 AS managed, new_time(i, {0}) AS at
  FROM (SELECT i, 1 + floor({2} * power(random(), 3))::bigint AS o, random() AS u, random() AS x, random() AS y
        FROM generate_series(1, {0}) AS i OFFSET 0) AS drawn
  ORDER BY o, i
) AS each;
UPDATE workos.organization_memberships SET _deleted_at = now(), _deleted_by = 'event' WHERE right(id, 2) = 'FF';
)sql";

constexpr const char* invitations = R"sql(
INSERT INTO workos.invitations (_env, id, email, state, accepted_at, expires_at, organization_id, inviter_user_id,
                                role_slug, created_at, updated_at, _raw, _hash, _observed_at)
SELECT 'default', new_id('invitation', i), 'guest' || i || '@example.com', state,
       CASE WHEN state = 'accepted' THEN at END, at + interval '7 days', new_id('org', 1 + i % {2}), new_id('user', i),
       'member', at, at, jsonb_build_object('id', new_id('invitation', i), 'object', 'invitation', 'state', state),
       new_hash('i' || i), now()
FROM (SELECT i, new_time(i, {0}) AS at,
             CASE WHEN x < 0.65 THEN 'accepted' WHEN x < 0.7 THEN 'revoked'
                  WHEN x < 0.72 OR i > {0} * 0.99 THEN 'pending' ELSE 'expired' END AS state
      FROM (SELECT i, random() AS x FROM generate_series(1, {0}) AS i OFFSET 0) AS drawn) AS each;
INSERT INTO workos.lease (_env, token) VALUES ('default', 1);
)sql";

// Each changed another user's family name during the last day.
constexpr const char* changes = R"sql(
INSERT INTO workos.changes (_env, seq, table_name, id, op, via, event_id, observed_at, before)
SELECT 'default', i, 'users', changed.id, 'update', 'event', new_id('event', i), at,
       changed._raw || jsonb_build_object('last_name', 'Before')
FROM (SELECT i, new_id('user', 1 + i * 7 % {1}) AS id, now() - interval '1 day' * (1 - i::float8 / {0}) AS at
      FROM generate_series(1, {0}) AS i OFFSET 0) AS drawn
JOIN workos.users AS changed USING (id);
UPDATE workos.users AS u SET updated_at = c.observed_at, _raw = u._raw || jsonb_build_object('updated_at', c.observed_at)
FROM workos.changes AS c WHERE c.id = u.id;
UPDATE workos.lease SET feed_seq = {0};
INSERT INTO workos.streams (_env, stream, history_since) VALUES ('default', 'users', now() - interval '3 days');
INSERT INTO workos.event_tails (_env, anchor, caught_up_through) VALUES ('default', now(), now());
)sql";

void fill(harness::TestDatabase& database, const ReportSizes& sizes) {
  database.execute(functions);
  const std::pair<const char*, std::size_t> steps[] = {{organizations, sizes.organizations},
                                                       {users, sizes.users},
                                                       {memberships, sizes.memberships},
                                                       {invitations, sizes.invitations},
                                                       {changes, sizes.changes}};
  for (const auto& [sql, count] : steps) {
    auto connection = database.connect("bench");
    connection.raw().send(fmt::format(fmt::runtime(sql), count, sizes.users, sizes.organizations));
  }
  const auto connection = database.connect("bench");
  connection.raw().send("VACUUM ANALYZE");
  connection.raw().send("CHECKPOINT");
}

double milliseconds_of(db::Connection& connection, const db::Report& report, const db::ReportArguments& arguments) {
  const auto began = std::chrono::steady_clock::now();
  db::ReportReader reader(connection, report, arguments, db::ReportForm::columns);
  while (reader.next()) continue;
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
}

double milliseconds_of(db::Connection& connection, const std::string& sql) {
  const auto began = std::chrono::steady_clock::now();
  connection.raw().send(sql);
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
}

/// The last plan that the server's log shows, without what auto_explain says around it.
std::string last_plan(const harness::PrivateCluster& cluster) {
  std::ifstream log(cluster.log());
  std::string plan;
  for (std::string line; std::getline(log, line);) {
    if (line.find("Query Text:") != std::string::npos) {
      plan.clear();
    } else if (line.starts_with('\t')) {
      plan += "  " + line.substr(1) + "\n";
    }
  }
  return plan;
}

void measure_past(Results& results, harness::TestDatabase& database, const ReportSizes& sizes) {
  auto connection = database.connect("bench");
  const std::string user = database.value("SELECT id FROM workos.changes ORDER BY seq LIMIT 1");
  const std::pair<const char*, std::string> questions[] = {
      {"users_as_of: half a day ago, all counted",
       "SELECT count(*) FROM workos.users_as_of(now() - interval '12 hours')"},
      {"users_as_of: half a day ago, one user",
       "SELECT * FROM workos.users_as_of(now() - interval '12 hours') WHERE id = '" + user + "'"},
      {"history of one user", "SELECT * FROM workos.history('users', '" + user + "')"}};
  for (const auto& [name, sql] : questions) {
    milliseconds_of(connection, sql);
    for (int round = 0; round < sizes.rounds; ++round) results.add(name, "ms", milliseconds_of(connection, sql));
  }
}

}  // namespace

void measure_reports(Results& results, const ReportSizes& sizes) {
  harness::PrivateCluster cluster(harness::Fsync::off, {"shared_buffers=1GB"});
  harness::TestDatabase database(cluster.url(), harness::Content::migrated_schema);
  fill(database, sizes);
  const std::string largest = database.value("SELECT new_id('org', 1)");
  auto connection = database.connect("bench");
  auto explained = database.connect("bench");
  explained.raw().send("LOAD 'auto_explain'");
  explained.raw().send("SET auto_explain.log_min_duration = 0");
  explained.raw().send("SET auto_explain.log_analyze = on");
  explained.raw().send("SET auto_explain.log_timing = off");
  std::ofstream plans;
  if (!sizes.plans.empty()) plans.open(sizes.plans);
  for (const db::Report& report : db::reports()) {
    const auto add = [&](const char* what, const char* target, const db::ReportArguments& arguments) {
      milliseconds_of(connection, report, arguments);  // what is asked often is in memory
      const std::string name = fmt::format("{}: {}", report.name, what);
      for (int round = 0; round < sizes.rounds; ++round) {
        results.add(name, "ms", milliseconds_of(connection, report, arguments), target);
      }
      if (sizes.plans.empty()) return;
      milliseconds_of(explained, report, arguments);
      plans << name << "\n" << last_plan(cluster) << "\n";
    };
    add("first 1,000 rows", "< 100", {.environment = "default", .limit = 1'000});
    add("all", "", {.environment = "default"});
    if (report.days == db::Report::Days::since) add("30 days", "< 100", {.environment = "default", .days = 30});
    if (report.organization != db::Report::Organization::none) {
      add("the largest organization", "< 100", {.environment = "default", .organization = largest, .limit = 1'000});
    }
  }
  measure_past(results, database, sizes);
}

}  // namespace mirror::bench
