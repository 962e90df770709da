#include "db/connection.hpp"

#include <future>

#include "db/pqxx_compat.hpp"
#include "db/transaction.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/harness/database_access.hpp"
#include "tests/harness/private_cluster.hpp"
#include "tests/harness/test_role.hpp"
#include "tests/harness/wait_until.hpp"

using namespace mirror;
using namespace mirror::db;
using namespace mirror::harness;

namespace {

Error error_of_connecting(const std::string& url, const std::string& password = {}) {
  DatabaseOptions options;
  options.url = url;
  options.password = Secret{password};
  return caught_error([&] { Connection(options, "test"); });
}

/// Lets the user `locked` in with the password "right" only.
void require_password(PrivateCluster& cluster) {
  DatabaseOptions options;
  options.url = cluster.url();
  Connection connection(options, "test");
  Transaction transaction(connection);
  const std::string file = transaction.run("SELECT current_setting('hba_file')")[0][0].c_str();
  transaction.run("CREATE ROLE locked LOGIN PASSWORD 'right'");
  transaction.run("COPY (VALUES ('local all locked scram-sha-256'), ('local all all trust')) TO " +
                  connection.raw().literal(file));
  transaction.run("SELECT pg_reload_conf()");
  transaction.commit();
}

}  // namespace

TEST_CASE("a connection names itself and sees no pooler where there is none") {
  TestDatabase database(Content::nothing);
  const Connection connection = database.connect("writer", "abc");
  CHECK_FALSE(connection.is_pooled());
  CHECK(database.value("SELECT application_name FROM pg_stat_activity WHERE pid = " +
                       std::to_string(connection.backend_pid())) == "authkit-mirror writer abc");
}

TEST_CASE("a transaction pooler is noticed, and nothing that it refuses is sent to it") {
  DatabaseAccess access(Way::pooled, Content::nothing);
  CHECK(access.connect().is_pooled());
}

TEST_CASE("statements are parsed once and planned each time, but for poolers and where that is turned off") {
  const auto way = GENERATE(Way::direct, Way::pooled);
  const auto wanted = GENERATE(PreparedStatements::automatic, PreparedStatements::off);
  DatabaseAccess access(way, Content::nothing);
  DatabaseOptions options = access.options();
  options.prepared = wanted;
  Connection connection(options, "test");
  const bool prepares = way == Way::direct && wanted == PreparedStatements::automatic;
  for (int i = 1; i <= 3; ++i) {
    Transaction transaction(connection);
    CHECK(transaction.run("SELECT $1::int + 1", i)[0][0].as<int>() == i + 1);
    const auto kept = transaction.run("SELECT statement FROM pg_prepared_statements");
    REQUIRE(row_count(kept) == (prepares ? 1 : 0));
    if (prepares) CHECK(view(kept[0][0]) == "SELECT $1::int + 1");
    CHECK(view(transaction.run("SHOW plan_cache_mode")[0][0]) == (prepares ? "force_custom_plan" : "auto"));
  }
}

TEST_CASE("a commit is on disk when it is done, whatever the database does by default") {
  TestDatabase database(Content::nothing);
  const std::string ordered = GENERATE("off", "local", "on");
  database.execute("ALTER DATABASE " + database.name() + " SET synchronous_commit = " + ordered);
  Connection connection = database.connect();
  Transaction transaction(connection);
  CHECK(view(transaction.run("SHOW synchronous_commit")[0][0]) == (ordered == "off" ? "on" : ordered));
}

TEST_CASE("a database that does not exist is a matter of configuration") {
  TestDatabase database(Content::nothing);
  const Error error = error_of_connecting(database.url() + " dbname=nothing_here");
  CHECK(error.fault() == Fault::misconfigured);
  CHECK_THAT(error.what(), ContainsSubstring("nothing_here"));
  CHECK_THAT(error.next_step(), ContainsSubstring("createdb"));
}

TEST_CASE("a user that does not exist, or may not connect, is refused") {
  TestDatabase database(Content::nothing);
  CHECK(error_of_connecting(database.url() + " user=nobody_here").fault() == Fault::refused);

  const TestRole role(database);
  database.execute("REVOKE CONNECT ON DATABASE " + database.name() + " FROM PUBLIC");
  CHECK(error_of_connecting(role.options().url).fault() == Fault::refused);
}

TEST_CASE("a server that does not answer is unavailable") {
  CHECK(error_of_connecting("host=/nonexistent dbname=x").fault() == Fault::unavailable);
  const Error error = error_of_connecting("postgresql://127.0.0.1:1/x");
  CHECK(error.fault() == Fault::unavailable);
  CHECK_THAT(error.what(), ContainsSubstring("127.0.0.1"));
  CHECK_THAT(error.next_step(), ContainsSubstring("psql"));
}

TEST_CASE("a connection string that is none is a matter of configuration and is not repeated") {
  for (const char* url : {"postgresql://u:hidden@h:5432/d?nothing_like_this=1", "password=hidden host", "just words"}) {
    const Error error = error_of_connecting(url);
    CHECK(error.fault() == Fault::misconfigured);
    CHECK_THAT(error.what(), !ContainsSubstring("hidden"));
    CHECK_FALSE(error.next_step().empty());
  }
  CHECK(error_of_connecting("host=/tmp sslmode=sometimes").fault() == Fault::misconfigured);
}

TEST_CASE("a database that can't hold every character is refused") {
  TestDatabase database(Content::nothing);
  const std::string latin = database.name() + "_latin";
  const Connection administrator = database.connect();
  administrator.raw().send("CREATE DATABASE " + latin + " ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
  const Error error = error_of_connecting(database.url() + " dbname=" + latin);
  administrator.raw().send("DROP DATABASE " + latin);
  CHECK(error.fault() == Fault::misconfigured);
  CHECK_THAT(error.what(), ContainsSubstring("LATIN1"));
}

TEST_CASE("a password from the options is used, and a wrong or missing one is refused without being shown") {
  PrivateCluster cluster;
  require_password(cluster);
  const std::string url = cluster.url() + " user=locked";

  const Error wrong = error_of_connecting(url, "not-the-one");
  CHECK(wrong.fault() == Fault::refused);
  CHECK_THAT(wrong.what(), !ContainsSubstring("not-the-one"));
  CHECK(error_of_connecting(url).fault() == Fault::refused);

  DatabaseOptions options;
  options.url = url;
  options.password = Secret{"right"};
  CHECK(Connection(options, "test").is_open());
}

TEST_CASE("a server that is killed is unavailable, and what was committed is there when it is back") {
  PrivateCluster cluster(Fsync::on);
  TestDatabase database(cluster.url(), Content::nothing);
  database.execute("CREATE TABLE kept (number int); INSERT INTO kept VALUES (1)");
  Connection connection = database.connect();
  Transaction transaction(connection);
  transaction.run("INSERT INTO kept VALUES (2)");

  cluster.kill();
  CHECK(caught_error([&] { transaction.commit(); }).fault() == Fault::unavailable);
  CHECK_FALSE(connection.is_open());
  CHECK(error_of_connecting(database.url()).fault() == Fault::unavailable);

  cluster.start();
  CHECK(caught_error([&] { Transaction again(connection); }).fault() == Fault::unavailable);
  Connection next = database.connect();
  CHECK(Transaction(next).run("SELECT sum(number) FROM kept")[0][0].as<int>() == 1);
}

TEST_CASE("a running statement can be cancelled from another thread") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled), Content::nothing);
  Connection connection = access.connect("sleeper");
  const Canceller canceller = connection.canceller();
  auto outcome = std::async(std::launch::async, [&] {
    Transaction transaction(connection);
    return caught_error([&] { transaction.run("SELECT pg_sleep(50)"); }).fault();
  });
  REQUIRE(wait_until([&] {
    return access.database().count("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'") == 1;
  }));
  CHECK(canceller.cancel());
  CHECK(outcome.get() == Fault::unavailable);
  // The session itself goes on.
  Transaction transaction(connection);
  CHECK(transaction.run("SELECT 1")[0][0].as<int>() == 1);
}

TEST_CASE("any name can be quoted as an identifier, but not one that PostgreSQL would cut") {
  CHECK(quote_identifier("users") == "\"users\"");
  CHECK(quote_identifier("My \"schema") == "\"My \"\"schema\"");
  CHECK(quote_identifier(std::string(63, 'x')).size() == 65);
  CHECK(caught_error([] { quote_identifier(std::string(64, 'x')); }).fault() == Fault::misconfigured);
  CHECK(caught_error([] { quote_identifier(""); }).fault() == Fault::misconfigured);
}
