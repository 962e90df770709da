#include "db/migrator.hpp"

#include <algorithm>
#include <future>

#include "db/lease.hpp"
#include "db/reader_grants.hpp"
#include "db/transaction.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/harness/database_access.hpp"
#include "tests/harness/test_role.hpp"
#include "tests/harness/wait_until.hpp"

using namespace mirror;
using namespace mirror::db;
using namespace mirror::harness;

namespace {

std::size_t built_in() {
  return embedded_migrations().size();
}

/// Small ones for what the real ones can't show.
const std::vector<EmbeddedMigration> first{{1, "0001_create_things", "CREATE TABLE @schema@.things (id int);\n"}};
const std::vector<EmbeddedMigration> first_edited{
    {1, "0001_create_things", "CREATE TABLE @schema@.things (id bigint);\n"}};
const std::vector<EmbeddedMigration> first_of_another_system{
    {1, "0001_create_things", "CREATE TABLE @schema@.things (id int);\r\n"}};
const std::vector<EmbeddedMigration> first_and_broken{
    first[0], {2, "0002_add_more", "CREATE TABLE @schema@.more (id int); SELECT 1 / 0;"}};

std::string state_of(Migrator& migrator, int number) {
  for (const MigrationState& migration : migrator.status()) {
    if (migration.number == number) return migration.state;
  }
  return "none";
}

bool schema_exists(TestDatabase& database, const std::string& schema) {
  return database.count("SELECT count(*) FROM pg_namespace WHERE nspname = '" + schema + "'") == 1;
}

}  // namespace

TEST_CASE("a fresh database gets every migration once") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled), Content::nothing);
  Connection connection = access.connect();
  Migrator migrator(connection);
  CHECK(state_of(migrator, 1) == "pending");
  CHECK(caught_error([&] { migrator.require_current(); }).fault() == Fault::misconfigured);

  CHECK(migrator.migrate().size() == built_in());
  CHECK(migrator.migrate().empty());

  CHECK(state_of(migrator, 1) == "applied");
  CHECK_NOTHROW(migrator.require_current());
  CHECK(migrator.pending_sql().empty());
  CHECK(access.database().count("SELECT count(*) FROM workos.schema_migrations WHERE length(checksum) = 64") ==
        static_cast<std::int64_t>(built_in()));
  CHECK(access.database().count("SELECT count(*) FROM workos.users_live") == 0);
}

TEST_CASE("every table and column of the schema says what it is") {
  TestDatabase database;
  const std::string undescribed =
      "SELECT coalesce(string_agg(relname || coalesce('.' || attname, ''), ', '), '') FROM pg_class"
      " JOIN pg_namespace ON pg_namespace.oid = relnamespace"
      " JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0"
      " WHERE nspname = 'workos' AND relkind IN ('r', 'p') AND NOT relispartition"
      " AND (col_description(attrelid, attnum) IS NULL OR obj_description(pg_class.oid) IS NULL)";
  CHECK(database.value(undescribed).empty());
}

TEST_CASE("any schema name works, also one that needs quoting") {
  TestDatabase database(Content::nothing);
  DatabaseOptions options = database.options();
  options.schema = "My \"schema's";
  Connection connection(options, "test");
  CHECK(Migrator(connection).migrate().size() == built_in());
  CHECK(database.count("SELECT count(*) FROM \"My \"\"schema's\".organizations_live") == 0);
  Lease lease("default", "one", std::chrono::seconds(15));
  REQUIRE(lease.try_acquire(connection));
  Transaction transaction(connection);
  CHECK_NOTHROW(lease.commit(transaction, 0));
}

TEST_CASE("a migration that this binary does not know stops everything") {
  DatabaseAccess access(Way::direct);
  access.database().execute(
      "INSERT INTO workos.schema_migrations (number, name, checksum, version) VALUES (9999, '9999_future', 'x', '99')");
  Connection connection = access.connect();
  Migrator migrator(connection);
  for (const Error& error :
       {caught_error([&] { migrator.migrate(); }), caught_error([&] { migrator.require_current(); })}) {
    CHECK(error.fault() == Fault::misconfigured);
    CHECK_THAT(error.what(), ContainsSubstring("newer version") && ContainsSubstring("9999_future"));
  }
  CHECK(state_of(migrator, 9999) == "unknown");
}

TEST_CASE("an edited migration is refused by name, but other line ends are no edit") {
  TestDatabase database(Content::nothing);
  Connection connection = database.connect();
  Migrator(connection, first).migrate();

  const Error error = caught_error([&] { Migrator(connection, first_edited).migrate(); });
  CHECK(error.fault() == Fault::misconfigured);
  CHECK_THAT(error.what(), ContainsSubstring("0001_create_things"));
  CHECK(Migrator(connection, first_of_another_system).migrate().empty());
}

TEST_CASE("a migration that fails changes nothing and is named") {
  TestDatabase database(Content::nothing);
  Connection connection = database.connect();
  const Error error = caught_error([&] { Migrator(connection, first_and_broken).migrate(); });
  CHECK_THAT(error.what(), ContainsSubstring("0002_add_more") && ContainsSubstring("division by zero"));
  CHECK_FALSE(schema_exists(database, "workos"));
}

TEST_CASE("of two that migrate at once one waits and finds nothing to do") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled), Content::nothing);
  const auto migrate = [&] {
    Connection connection = access.connect("migrator");
    return Migrator(connection).migrate().size();
  };
  // Both are made to wait first, so that they do run at the same time.
  Connection gate = access.database().connect("gate");
  Transaction holding(gate);
  holding.run("SELECT pg_advisory_xact_lock(hashtextextended('authkit-mirror workos', 0))");
  auto one = std::async(std::launch::async, migrate);
  auto other = std::async(std::launch::async, migrate);
  const bool both_wait = wait_until([&] {
    return access.database().count(
               "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
               " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())") == 2;
  });
  holding.commit();
  CHECK(both_wait);
  const std::size_t applied[] = {one.get(), other.get()};
  CHECK(std::max(applied[0], applied[1]) == built_in());
  CHECK(std::min(applied[0], applied[1]) == 0);
}

TEST_CASE("a migration takes every lease, so that an older daemon stops writing") {
  TestDatabase database;
  Connection writer = database.connect("writer", "old");
  Lease lease("default", "old", std::chrono::seconds(15));
  REQUIRE(lease.try_acquire(writer));
  std::vector<EmbeddedMigration> newer = embedded_migrations();
  newer.push_back({9999, "9999_of_a_newer_version", "CREATE TABLE @schema@.things (id int)"});

  Connection connection = database.connect();
  CHECK(Migrator(connection, newer).migrate().size() == 1);

  Transaction transaction(writer);
  transaction.run("INSERT INTO workos.streams (_env, stream) VALUES ('default', 'users')");
  CHECK(caught_error([&] { lease.commit(transaction, 0); }).fault() == Fault::lease_lost);
}

TEST_CASE("nothing to migrate takes no lease") {
  TestDatabase database;
  Connection connection = database.connect("writer", "one");
  Lease lease("default", "one", std::chrono::seconds(15));
  REQUIRE(lease.try_acquire(connection));
  Migrator(connection).migrate();
  CHECK_NOTHROW(lease.renew(connection));
}

TEST_CASE("the script for an administrator does what migrating would have done") {
  TestDatabase database(Content::nothing);
  Connection connection = database.connect();
  const std::string script = Migrator(connection).pending_sql();
  CHECK_FALSE(schema_exists(database, "workos"));
  connection.raw().send(script);
  CHECK_NOTHROW(Migrator(connection).require_current());
  CHECK(Migrator(connection).migrate().empty());
}

TEST_CASE("the reader sees the mirror and its state, but no quarantine and no commands") {
  TestDatabase database(Content::nothing);
  DatabaseOptions options = database.options();
  options.reader_role = database.name() + "_reader";
  {
    Connection connection(options, "test");
    Migrator(connection).migrate();
  }
  const auto may_read = [&](const std::string& relation) {
    return database.value("SELECT has_table_privilege('" + options.reader_role + "', 'workos." + relation +
                          "', 'SELECT')") == "t";
  };
  CHECK(database.value("SELECT has_schema_privilege('" + options.reader_role + "', 'workos', 'USAGE')") == "t");
  for (const char* relation :
       {"users", "users_live", "organization_domains", "holds", "changes", "snapshots", "streams"}) {
    CAPTURE(relation);
    CHECK(may_read(relation));
  }
  CHECK_FALSE(may_read("quarantine"));
  CHECK_FALSE(may_read("commands"));
  database.execute("DROP OWNED BY " + options.reader_role + "; DROP ROLE " + options.reader_role);
}

TEST_CASE("a user that may not create roles migrates all the same") {
  TestDatabase database(Content::nothing);
  const TestRole owner(database);
  database.execute("GRANT CREATE ON DATABASE " + database.name() + " TO " + owner.name());
  DatabaseOptions options = owner.options();
  options.reader_role = database.name() + "_nobody";
  Connection connection(options, "test");

  CHECK(Migrator(connection).migrate().size() == built_in());

  CHECK(database.count("SELECT count(*) FROM pg_roles WHERE rolname = '" + options.reader_role + "'") == 0);
  // Once an administrator has made the role, the next start gives it its rights.
  database.execute("CREATE ROLE " + options.reader_role);
  Migrator(connection).migrate();
  CHECK(database.value("SELECT has_table_privilege('" + options.reader_role + "', 'workos.users', 'SELECT')") == "t");
  connection.raw().send("DROP OWNED BY " + owner.name() + " CASCADE");
  database.execute("DROP OWNED BY " + options.reader_role + "; DROP ROLE " + options.reader_role);
}

TEST_CASE("a user without the right to create a schema is told so") {
  TestDatabase database(Content::nothing);
  const TestRole role(database);
  Connection connection(role.options(), "test");
  const Error error = caught_error([&] { Migrator(connection).migrate(); });
  CHECK(error.fault() == Fault::refused);
  CHECK_THAT(error.what(), ContainsSubstring("permission denied"));
}
