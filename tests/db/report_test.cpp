// The reports, over directories small enough to know every row of the answer.

#include "db/report.hpp"

#include "db/migrator.hpp"
#include "db/report_reader.hpp"
#include "model/streams.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/harness/database_access.hpp"
#include "tests/harness/test_role.hpp"

using namespace mirror;
using namespace mirror::harness;

namespace {

using Rows = std::vector<std::vector<std::string>>;

/// A database into which a test writes rows by hand.
struct Directory {
  TestDatabase database;

  Directory() { database.execute("INSERT INTO workos.lease (_env, token) VALUES ('default', 1), ('other', 1)"); }

  /// Rows of VALUES, each with _env and id before the other columns; the first one says the types.
  void add(const std::string& table, const std::string& columns, const std::string& values) {
    database.execute("INSERT INTO workos." + table + " (_env, id, " + columns +
                     ", _observed_at) SELECT t.*, now() FROM (" + "VALUES " + values + ") AS t");
  }
  Rows ask(const std::string& sql) { return database.rows(sql); }
};

void add_members(Directory& directory) {
  directory.add("organizations", "name, created_at, _deleted_at",
                "('default', 'org_a', 'Acme', now(), NULL::timestamptz), ('default', 'org_b', 'Bolt', now(), NULL),"
                "('default', 'org_dead', 'Dead', now(), now()), ('other', 'org_a', 'Other', now(), NULL)");
  directory.add("organization_memberships",
                "user_id, organization_id, status, role_slug, directory_managed, _deleted_at",
                "('default', 'm1', 'u1', 'org_a', 'active', 'admin', true, NULL::timestamptz),"
                "('default', 'm2', 'u2', 'org_a', 'active', 'member', false, NULL),"
                "('default', 'm3', 'u3', 'org_a', 'active', 'member', NULL, NULL),"
                "('default', 'm4', 'u4', 'org_a', 'inactive', 'member', true, NULL),"
                "('default', 'm5', 'u5', 'org_a', 'active', 'member', true, now()),"
                "('default', 'm6', 'u1', 'org_gone', 'active', NULL, false, NULL),"
                "('other', 'm1', 'u1', 'org_a', 'active', 'admin', true, NULL)");
}

void add_invitations(Directory& directory) {
  directory.add("organizations", "name", "('default', 'org_a', 'Acme')");
  directory.add(
      "invitations", "email, state, expires_at, organization_id, accepted_at, _deleted_at",
      "('default', 'i_soon', 'soon@x.example', 'pending', now() + interval '2 days', 'org_a', NULL::timestamptz, "
      "NULL::timestamptz),"
      "('default', 'i_late', 'late@x.example', 'pending', now() + interval '20 days', NULL, NULL, NULL),"
      "('default', 'i_open', 'open@x.example', 'pending', NULL, 'org_gone', NULL, NULL),"
      "('default', 'i_past', 'past@x.example', 'pending', now() - interval '1 hour', 'org_a', NULL, NULL),"
      "('default', 'i_told', 'told@x.example', 'expired', now() - interval '9 days', 'org_a', NULL, NULL),"
      "('default', 'i_done', 'done@x.example', 'accepted', now() - interval '9 days', 'org_a', now(), NULL),"
      "('default', 'i_back', 'back@x.example', 'revoked', now() + interval '2 days', 'org_a', NULL, NULL),"
      "('default', 'i_dead', 'dead@x.example', 'pending', now() + interval '2 days', 'org_a', NULL, now()),"
      "('other', 'i_soon', 'soon@x.example', 'pending', now() + interval '2 days', 'org_a', NULL, NULL)");
}

}  // namespace

TEST_CASE("active members are counted per organization and role, and dead, inactive and other environments' are not") {
  Directory directory;
  add_members(directory);
  CHECK(
      directory.ask("SELECT organization_id, organization_name, role_slug, members FROM workos.active_members_by_role "
                    "WHERE _env = 'default' ORDER BY 1, 3") ==
      Rows{{"org_a", "Acme", "admin", "1"}, {"org_a", "Acme", "member", "2"}, {"org_gone", "NULL", "NULL", "1"}});
  CHECK(directory.ask("SELECT organization_name, members FROM workos.active_members_by_role WHERE _env = 'other'") ==
        Rows{{"Other", "1"}});
}

TEST_CASE("organizations by size shows those without members, and no dead ones") {
  Directory directory;
  add_members(directory);
  CHECK(directory.ask("SELECT _env, organization_id, organization_name, active_members FROM "
                      "workos.organizations_by_size ORDER BY _env, active_members DESC") ==
        Rows{{"default", "org_a", "Acme", "3"}, {"default", "org_b", "Bolt", "0"}, {"other", "org_a", "Other", "1"}});
}

TEST_CASE("the directory-managed share counts active memberships only, an unknown one as not managed") {
  Directory directory;
  add_members(directory);
  CHECK(directory.ask("SELECT organization_id, active_members, directory_managed, percent FROM "
                      "workos.directory_managed_share WHERE _env = 'default' ORDER BY 1") ==
        Rows{{"org_a", "3", "1", "33.3"}, {"org_gone", "1", "0", "0.0"}});
}

TEST_CASE("users without organization have no live membership of any status") {
  Directory directory;
  directory.add("users", "email, first_name, last_name, name, _deleted_at",
                "('default', 'u1', 'a@x.example', NULL, NULL, NULL, NULL::timestamptz),"
                "('default', 'u2', 'b@x.example', 'Bo', 'Ek', NULL, NULL),"
                "('default', 'u3', NULL, NULL, NULL, 'Cy', NULL),"
                "('default', 'u4', 'd@x.example', NULL, NULL, NULL, NULL),"
                "('default', 'u5', 'e@x.example', NULL, NULL, NULL, now()),"
                "('other', 'u1', 'f@x.example', NULL, NULL, NULL, NULL)");
  directory.add("organization_memberships", "user_id, status, _deleted_at",
                "('default', 'm1', 'u1', 'pending', NULL::timestamptz), ('default', 'm2', 'u4', 'active', now()),"
                "('other', 'm3', 'u2', 'active', NULL)");
  CHECK(directory.ask("SELECT _env, user_id, email, name FROM workos.users_without_organization ORDER BY 1, 2") ==
        Rows{{"default", "u2", "b@x.example", "Bo Ek"},
             {"default", "u3", "NULL", "Cy"},
             {"default", "u4", "d@x.example", "NULL"},
             {"other", "u1", "f@x.example", "NULL"}});
}

TEST_CASE("dormant users did not sign in for so many days, and who never did counts from the creation") {
  Directory directory;
  directory.add("users", "last_sign_in_at, created_at, _deleted_at",
                "('default', 'recent', now() - interval '10 days', now() - interval '1 year', NULL::timestamptz),"
                "('default', 'away', now() - interval '100 days', now() - interval '1 year', NULL),"
                "('default', 'long_away', now() - interval '200 days', now() - interval '1 year', NULL),"
                "('default', 'never', NULL, now() - interval '1 year', NULL),"
                "('default', 'new', NULL, now() - interval '1 day', NULL),"
                "('default', 'dead', NULL, now() - interval '1 year', now()),"
                "('other', 'away', now() - interval '100 days', now() - interval '1 year', NULL)");
  const std::string ids = "SELECT string_agg(user_id, ' ' ORDER BY user_id) FROM workos.dormant_users";
  CHECK(directory.database.value(ids + "() WHERE _env = 'default'") == "away long_away never");
  CHECK(directory.database.value(ids + "(150) WHERE _env = 'default'") == "long_away never");
  CHECK(directory.database.value(ids + "(days => 0) WHERE _env = 'default'") == "away long_away never new recent");
}

TEST_CASE("an unverified address is one that was not said to be verified") {
  Directory directory;
  directory.add("users", "email_verified, _deleted_at",
                "('default', 'yes', true, NULL::timestamptz), ('default', 'no', false, NULL), ('default', 'unknown', "
                "NULL, NULL), ('default', 'dead', false, now()), ('other', 'no', false, NULL)");
  CHECK(directory.ask("SELECT _env, user_id FROM workos.unverified_emails ORDER BY 1, 2") ==
        Rows{{"default", "no"}, {"default", "unknown"}, {"other", "no"}});
}

TEST_CASE("an invitation's expiry is decided by expires_at, whatever state WorkOS told last") {
  Directory directory;
  add_invitations(directory);
  CHECK(directory.ask("SELECT invitation_id, organization_name FROM workos.pending_invitations WHERE _env = 'default' "
                      "ORDER BY 1") == Rows{{"i_late", "NULL"}, {"i_open", "NULL"}, {"i_soon", "Acme"}});
  CHECK(directory.ask("SELECT _env, invitation_id FROM workos.expiring_invitations() ORDER BY 1") ==
        Rows{{"default", "i_soon"}, {"other", "i_soon"}});
  CHECK(directory.ask("SELECT invitation_id FROM workos.expiring_invitations(30) WHERE _env = 'default' ORDER BY 1") ==
        Rows{{"i_late"}, {"i_soon"}});
  CHECK(directory.ask("SELECT invitation_id, email FROM workos.expired_invitations ORDER BY 1") ==
        Rows{{"i_past", "past@x.example"}, {"i_told", "told@x.example"}});
}

TEST_CASE("growth is counted by days and months of UTC, wherever the session lives") {
  Directory directory;
  directory.add(
      "users", "created_at, _deleted_at",
      "('default', 'u1', '2026-01-31 23:59:59.999+00'::timestamptz, NULL::timestamptz),"
      "('default', 'u2', '2026-02-01 00:00:00+00', NULL), ('default', 'u3', '2026-02-01 12:00:00+00', NULL),"
      "('default', 'u4', '2026-02-01 13:00:00+00', now()), ('default', 'u5', '2026-02-02 13:00:00+00', now()),"
      "('default', 'u6', NULL, NULL), ('other', 'u1', '2026-02-03 00:00:00+00', NULL)");
  directory.add("organizations", "created_at, _deleted_at",
                "('default', 'o1', '2026-02-01 10:00:00+00'::timestamptz, NULL::timestamptz), ('default', 'o2', "
                "'2026-02-05 10:00:00+00', NULL), ('default', 'o3', '2026-02-06 10:00:00+00', now())");
  auto connection = directory.database.connect();
  db::Transaction transaction(connection);
  transaction.run("SET LOCAL TimeZone = 'Pacific/Auckland'");
  const auto list = [&](const std::string& sql) {
    return std::string(
        db::view(transaction.run("SELECT string_agg(each::text, ' ') FROM (" + sql + ") AS each")[0][0]));
  };
  CHECK(
      list("SELECT day, new_users, new_organizations FROM workos.growth_per_day WHERE _env = 'default' ORDER BY day") ==
      "(2026-01-31,1,0) (2026-02-01,2,1) (2026-02-05,0,1)");
  CHECK(list("SELECT _env, month, new_users, new_organizations FROM workos.growth_per_month ORDER BY 1, 2") ==
        "(default,2026-01-01,1,0) (default,2026-02-01,2,2) (other,2026-02-01,1,0)");
}

TEST_CASE("domains are counted by state") {
  Directory directory;
  directory.add("organization_domains", "organization_id, state, _deleted_at",
                "('default', 'd1', 'o1', 'verified', NULL::timestamptz), ('default', 'd2', 'o1', 'verified', NULL),"
                "('default', 'd3', 'o2', NULL, NULL), ('default', 'd4', 'o2', 'pending', now()),"
                "('other', 'd1', 'o1', 'failed', NULL)");
  CHECK(directory.ask("SELECT _env, state, domains, organizations FROM workos.domains_by_state ORDER BY 1, 2") ==
        Rows{{"default", "verified", "2", "1"}, {"default", "NULL", "1", "1"}, {"other", "failed", "1", "1"}});
}

TEST_CASE("duplicates are shown: addresses compared without case, external ids as they are") {
  Directory directory;
  directory.add("users", "email, external_id, created_at, _deleted_at",
                "('default', 'u1', 'Ada@x.example', 'A1', now(), NULL::timestamptz),"
                "('default', 'u2', 'ada@X.example', 'a1', now() - interval '1 day', NULL),"
                "('default', 'u3', 'ada@x.example', 'A1', now(), now()),"
                "('default', 'u4', NULL, NULL, now(), NULL), ('default', 'u5', NULL, NULL, now(), NULL),"
                "('default', 'u6', 'bo@x.example', 'A1', now() - interval '2 days', NULL),"
                "('other', 'u7', 'bo@x.example', 'a1', now(), NULL)");
  directory.add(
      "organizations", "external_id, created_at",
      "('default', 'o1', 'A1', now()), ('default', 'o2', 'B', now() - interval '1 day'), ('default', 'o3', 'B', "
      "now())");
  CHECK(directory.ask("SELECT _env, email, users, user_ids FROM workos.duplicate_emails") ==
        Rows{{"default", "ada@x.example", "2", "{u2,u1}"}});
  CHECK(directory.ask("SELECT _env, table_name, external_id, objects, ids FROM workos.duplicate_external_ids "
                      "ORDER BY table_name") ==
        Rows{{"default", "organizations", "B", "2", "{o2,o3}"}, {"default", "users", "A1", "2", "{u6,u1}"}});
}

TEST_CASE("an orphan's user or organization is missing, or dead") {
  Directory directory;
  directory.add("users", "_deleted_at",
                "('default', 'u1', NULL::timestamptz), ('default', 'u_dead', now()), ('other', 'u_other', NULL)");
  directory.add("organizations", "_deleted_at",
                "('default', 'o1', NULL::timestamptz), ('default', 'o_dead', now()), ('other', 'o1', NULL)");
  directory.add("organization_memberships", "user_id, organization_id, _deleted_at",
                "('default', 'm1', 'u1', 'o1', NULL::timestamptz), ('default', 'm2', 'u_dead', 'o1', NULL),"
                "('default', 'm3', 'u1', 'o_dead', NULL), ('default', 'm4', 'u_other', 'o1', NULL),"
                "('default', 'm5', NULL, 'o_gone', NULL), ('default', 'm6', 'u_dead', 'o1', now()),"
                "('other', 'm7', 'u_other', 'o1', NULL)");
  CHECK(directory.ask("SELECT membership_id, user_state, organization_state FROM workos.orphaned_memberships ORDER BY "
                      "1") == Rows{{"m2", "deleted", "live"},
                                   {"m3", "live", "deleted"},
                                   {"m4", "missing", "live"},
                                   {"m5", "missing", "missing"}});
}

TEST_CASE("every report begins with _env, and it and its columns are described") {
  TestDatabase database;
  for (const db::Report& report : db::reports()) {
    const std::string name(report.name);
    CAPTURE(name);
    const bool is_function = report.days == db::Report::Days::argument;
    if (is_function) {
      CHECK(database.value(
                "SELECT proargnames[2] FROM pg_proc WHERE pronamespace = 'workos'::regnamespace AND proname = '" +
                name + "'") == "_env");
      CHECK(database.value("SELECT obj_description(oid, 'pg_proc') FROM pg_proc WHERE pronamespace = "
                           "'workos'::regnamespace AND proname = '" +
                           name + "'") != "NULL");
      continue;
    }
    CHECK(database.value("SELECT attname FROM pg_attribute WHERE attrelid = 'workos." + name +
                         "'::regclass AND attnum = 1") == "_env");
    CHECK(database.value("SELECT obj_description('workos." + name + "'::regclass)") != "NULL");
  }
  CHECK(
      database.rows("SELECT attrelid::regclass, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid "
                    "WHERE relnamespace = 'workos'::regnamespace AND relkind = 'v' AND relname NOT LIKE '%\\_live' AND "
                    "attnum > 0 AND col_description(attrelid, attnum) IS NULL") == Rows{});
}

TEST_CASE("a reader answers with each report, its arguments, and every row of it, directly and through a pooler") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled));
  access.database().execute(
      "INSERT INTO workos.lease (_env, token) VALUES ('default', 1);"
      "INSERT INTO workos.users (_env, id, email_verified, created_at, _observed_at)"
      " SELECT 'default', 'u' || lpad(i::text, 4, '0'), false, now() - i * interval '1 day', now()"
      " FROM generate_series(1, 2500) AS i;"
      "INSERT INTO workos.users (_env, id, email_verified, _observed_at) VALUES ('other', 'u', false, now());"
      "INSERT INTO workos.organization_memberships (_env, id, user_id, organization_id, status, _observed_at)"
      " VALUES ('default', 'm', 'u0007', 'o1', 'active', now()), ('other', 'n', 'u0008', 'o1', 'active', now())");
  const auto ids = [&](const std::string& name, const db::ReportArguments& arguments) {
    auto own = access.connect();
    db::ReportReader reader(own, db::find_report(name), arguments, db::ReportForm::columns);
    REQUIRE(reader.columns().front() == "_env");
    std::vector<std::string> all;
    while (auto row = reader.next()) all.push_back(row->at(1).value_or("NULL"));
    return all;
  };
  CHECK(ids("unverified_emails", {.environment = "default"}).size() == 2'500);
  CHECK(ids("unverified-emails", {.environment = "default", .limit = 3}) ==
        std::vector<std::string>{"u0001", "u0002", "u0003"});
  CHECK(ids("unverified_emails", {.environment = "default", .days = 5}).size() == 5);
  CHECK(ids("unverified_emails", {.environment = "default", .organization = "o1"}) ==
        std::vector<std::string>{"u0007"});
  CHECK(ids("dormant_users", {.environment = "default", .days = 2490}).size() == 11);
  CHECK(ids("growth_per_day", {.environment = "default", .days = 3}).size() == 3);
  for (const db::Report& report : db::reports()) {
    CAPTURE(report.name);
    auto own = access.connect();
    db::ReportReader reader(own, report, {.environment = "default", .limit = 10}, db::ReportForm::objects);
    CHECK_NOTHROW(reader.next());
  }
  CHECK(caught_error([&] { ids("domains_by_state", {.environment = "default", .days = 3}); }).fault() == Fault::usage);
}

TEST_CASE("the reader role may ask every report and the past, and wait, also where new functions are nobody's") {
  TestDatabase database(Content::nothing);
  database.execute("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC");
  const TestRole role(database);
  db::DatabaseOptions options = database.options();
  options.reader_role = role.name();
  db::Connection owner(options, "test");
  db::Migrator(owner).migrate();
  database.execute("ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC");

  db::Connection reader(role.options(), "test");
  for (const db::Report& report : db::reports()) {
    CAPTURE(report.name);
    CHECK_NOTHROW(db::ReportReader(reader, report, {.environment = "default"}, db::ReportForm::objects).next());
  }
  database.execute(
      "INSERT INTO workos.users (_env, id, created_at, updated_at, _raw, _observed_at) VALUES ('default', 'user_1', "
      "now() - interval '1 day', now() - interval '1 day', '{\"id\": \"user_1\"}', now());"
      "INSERT INTO workos.streams (_env, stream, history_since) SELECT 'default', stream, now() - interval '1 hour' "
      "FROM workos.history_tables GROUP BY stream;"
      "INSERT INTO workos.event_tails (_env, anchor, caught_up_through) VALUES ('default', now(), now());"
      "INSERT INTO workos.changes (_env, seq, table_name, id, op, via, observed_at, before) VALUES ('default', 1, "
      "'users', 'user_1', 'update', 'event', now(), '{}');"
      "INSERT INTO workos.lease (_env, token, feed_seq) VALUES ('default', 1, 1)");
  for (const TableSpec* table : all_tables()) {
    db::Transaction past(reader);
    CAPTURE(table->name);
    CHECK_NOTHROW(past.run("SELECT * FROM workos." + std::string(table->name) + "_as_of(now() - interval '1 minute')"));
    CHECK_NOTHROW(past.run("SELECT * FROM workos.history('" + std::string(table->name) + "', 'user_1')"));
  }
  db::Transaction transaction(reader);
  CHECK_NOTHROW(transaction.run("SELECT * FROM workos.changes_after(0, 10)"));
  CHECK_NOTHROW(transaction.run("SELECT * FROM workos.freshness"));
  CHECK_NOTHROW(transaction.run("SELECT workos.wait_for_event('event_1', '0')"));
  CHECK(caught_error([&] { transaction.run("SELECT workos.assert_fresh('5 min')"); }).fault() != Fault::refused);
}
