#include "db/transaction.hpp"

#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/harness/database_access.hpp"
#include "tests/harness/test_role.hpp"

using namespace mirror;
using namespace mirror::db;
using namespace mirror::harness;

namespace {

const std::string settings_query =
    "SELECT current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout'),"
    " current_setting('TimeZone'), current_setting('DateStyle')";

}  // namespace

TEST_CASE("timeouts and formats hold inside a transaction and leave nothing behind in the session") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled), Content::nothing);
  const std::string name = access.database().name();
  access.database().execute("ALTER DATABASE " + name + " SET TimeZone = 'Asia/Tokyo'; ALTER DATABASE " + name +
                            " SET DateStyle = 'German'");
  DatabaseOptions options = access.options();
  options.statement_timeout = std::chrono::milliseconds(7'000);
  Connection connection(options, "test");
  {
    Transaction transaction(connection);
    const auto row = transaction.run(settings_query)[0];
    CHECK(view(row[0]) == "7s");
    CHECK(view(row[1]) == "7s");
    CHECK(view(row[2]) == "UTC");
    CHECK(view(row[3]) == "ISO, YMD");
    transaction.commit();
  }
  const auto row = compat::run(connection.raw(), settings_query)[0];
  CHECK(view(row[0]) == "0");
  CHECK(view(row[1]) == "0");
  CHECK(view(row[2]) == "Asia/Tokyo");
}

TEST_CASE("a statement that takes too long ends, and its transaction with it") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled), Content::nothing);
  access.database().execute("CREATE TABLE kept (number int)");
  DatabaseOptions options = access.options();
  options.statement_timeout = std::chrono::milliseconds(1'500);
  Connection connection(options, "test");
  {
    Transaction transaction(connection);
    transaction.run("INSERT INTO kept VALUES (1)");
    CHECK(caught_error([&] { transaction.run("SELECT pg_sleep(30)"); }).fault() == Fault::unavailable);
    // COMMIT would succeed here, as a ROLLBACK.
    CHECK(caught_error([&] { transaction.commit(); }).fault() == Fault::bug);
  }
  CHECK(access.database().count("SELECT count(*) FROM kept") == 0);
}

TEST_CASE("what is not committed is rolled back, and the connection goes on") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled), Content::nothing);
  access.database().execute("CREATE TABLE kept (number int)");
  Connection connection = access.connect();
  { Transaction(connection).run("INSERT INTO kept VALUES (1)"); }
  {
    Transaction transaction(connection);
    transaction.run("INSERT INTO kept VALUES (2)");
    transaction.commit();
  }
  CHECK(access.database().value("SELECT string_agg(number::text, ',') FROM kept") == "2");
}

TEST_CASE("a last statement and COMMIT happen together or not at all") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled), Content::nothing);
  access.database().execute("CREATE TABLE kept (number int)");
  Connection connection = access.connect();
  {
    Transaction transaction(connection);
    transaction.run("INSERT INTO kept VALUES (1)");
    CHECK(caught_error([&] { transaction.commit_with("SELECT 1 / 0"); }).fault() == Fault::bad_data);
  }
  CHECK(access.database().count("SELECT count(*) FROM kept") == 0);
  {
    Transaction transaction(connection);
    transaction.run("INSERT INTO kept VALUES (2)");
    transaction.commit_with("INSERT INTO kept VALUES (3)");
  }
  CHECK(access.database().count("SELECT sum(number) FROM kept") == 5);
}

TEST_CASE("a missing privilege is refused and named") {
  TestDatabase database(Content::nothing);
  database.execute("CREATE TABLE guarded (number int)");
  const TestRole role(database);
  Connection connection(role.options(), "test");
  Transaction transaction(connection);
  const Error error = caught_error([&] { transaction.run("SELECT * FROM guarded"); });
  CHECK(error.fault() == Fault::refused);
  CHECK_THAT(error.what(), ContainsSubstring("guarded"));
  CHECK_FALSE(error.next_step().empty());
}

TEST_CASE("a server that became read-only is worth another try") {
  TestDatabase database(Content::nothing);
  database.execute("CREATE TABLE kept (number int); ALTER DATABASE " + database.name() +
                   " SET default_transaction_read_only = on");
  Connection connection = database.connect();
  Transaction transaction(connection);
  CHECK(caught_error([&] { transaction.run("INSERT INTO kept VALUES (1)"); }).fault() == Fault::unavailable);
}
