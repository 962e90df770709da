#include <tuple>

#include "db/array_literal.hpp"
#include "db/copy_stream.hpp"
#include "db/pqxx_compat.hpp"
#include "db/transaction.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/harness/database_access.hpp"

using namespace mirror;
using namespace mirror::db;
using namespace mirror::harness;

TEST_CASE("parameters of every kind arrive as they are") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled), Content::nothing);
  Connection connection = access.connect();
  Transaction transaction(connection);
  const std::string text = "it's \"quoted\" \\ and ünïcode";
  const std::string_view cut = std::string_view{"visible, hidden"}.substr(0, 7);

  const auto row = transaction.run(
      "SELECT $1::text, $2::text, $3::bigint, $4::float8, $5::bool, $6::bool, $7::text, $8::int, $9::text", text, cut,
      std::int64_t{-9'007'199'254'740'993}, 0.1, true, false, std::optional<std::string>{}, std::optional<int>{7},
      "literal")[0];

  CHECK(view(row[0]) == text);
  CHECK(view(row[1]) == "visible");
  CHECK(row[2].as<std::int64_t>() == -9'007'199'254'740'993);
  CHECK(row[3].as<double>() == 0.1);
  CHECK(row[4].as<bool>());
  CHECK_FALSE(row[5].as<bool>());
  CHECK_FALSE(read_optional<std::string>(row[6]).has_value());
  CHECK(read_optional<int>(row[7]) == 7);
  CHECK(view(row[8]) == "literal");
}

TEST_CASE("an empty text is not null") {
  TestDatabase database(Content::nothing);
  Connection connection = database.connect();
  Transaction transaction(connection);
  const auto row = transaction.run("SELECT $1::text, $2::text", "", std::optional<std::string_view>{""})[0];
  CHECK_FALSE(row[0].is_null());
  CHECK_FALSE(row[1].is_null());
}

TEST_CASE("a text with a NUL byte is refused, never cut") {
  TestDatabase database(Content::nothing);
  Connection connection = database.connect();
  Transaction transaction(connection);

  const Error error = caught_error([&] {
    transaction.run("SELECT $1::int, $2::text", 1, std::optional<std::string_view>{{"a\0b", 3}});
  });

  CHECK(error.fault() == Fault::bad_data);
  CHECK_THAT(error.what(), ContainsSubstring("$2"));
  CHECK(caught_error([&] { std::ignore = connection.raw().literal({"a\0b", 3}); }).fault() == Fault::bad_data);
  // Nothing was sent, so the transaction is as it was.
  CHECK(transaction.run("SELECT 1")[0][0].as<int>() == 1);
}

TEST_CASE("COPY brings all rows, also when they are more or longer than a piece") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled), Content::nothing);
  Connection connection = access.connect();
  Transaction transaction(connection);
  transaction.run("CREATE TABLE copied (at timestamptz, text text)");
  CopyStream copy(transaction, "copied", {"at", "text"});
  for (int i = 1; i <= 30'000; ++i) {
    copy.begin_row();
    copy.instant({i * 1'000'000LL});
    copy.text(std::string(i == 15'000 ? 3U << 20U : 100U, 'x'));
  }

  CHECK(copy.finish() == 30'000);

  const auto row = transaction.run(
      "SELECT count(*), sum(extract(epoch FROM at))::bigint, min(length(text)), max(length(text)) FROM copied")[0];
  CHECK(row[0].as<int>() == 30'000);
  CHECK(row[1].as<std::int64_t>() == 450'015'000);
  CHECK(row[2].as<int>() == 100);
  CHECK(row[3].as<int>() == 3 << 20);
}

TEST_CASE("COPY stores every type of field as it is") {
  TestDatabase database(Content::nothing);
  Connection connection = database.connect();
  Transaction transaction(connection);
  transaction.run(
      "CREATE TABLE copied (n text, t text, j jsonb, yes boolean, no boolean, i timestamptz, h bytea, several text[], "
      "empty text[])");
  CopyStream copy(transaction, "copied", {"n", "t", "j", "yes", "no", "i", "h", "several", "empty"});
  copy.begin_row();
  copy.null();
  copy.text("tab\t, newline\n, \\N, \u00e4 \U0001F600");
  copy.json(R"({"a": [1, "\"\\"]})");
  copy.boolean(true);
  copy.boolean(false);
  copy.instant({-1});
  copy.hash({0x0123456789abcdef, 0xfedcba9876543210, 7});
  copy.texts(array_elements(R"({"admin","with \"quotes\", a comma and a \\",""})"));
  copy.texts({});
  REQUIRE(copy.finish() == 1);
  const auto is_true = [&](const std::string& condition) {
    CAPTURE(condition);
    CHECK(transaction.run("SELECT " + condition + " FROM copied")[0][0].as<bool>());
  };
  is_true("n IS NULL");
  is_true("t = E'tab\\t, newline\\n, \\\\N, \u00e4 \U0001F600'");
  is_true(R"(j = '{"a": [1, "\"\\"]}')");
  is_true("yes AND NOT no");
  is_true("i = '1969-12-31 23:59:59.999999+00'");
  is_true("encode(h, 'hex') = '" + to_hex({0x0123456789abcdef, 0xfedcba9876543210, 7}) + "'");
  is_true(R"(several = ARRAY['admin', 'with "quotes", a comma and a \', ''])");
  is_true("empty = '{}'");
}

TEST_CASE("a COPY that is given up stores nothing, and the connection goes on") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled), Content::nothing);
  Connection connection = access.connect();
  {
    Transaction transaction(connection);
    transaction.run("CREATE TABLE copied (text text)");
    transaction.commit();
  }
  {
    Transaction transaction(connection);
    CopyStream copy(transaction, "copied", {"text"});
    copy.begin_row();
    copy.text(std::string(1U << 20U, 'x'));
    copy.begin_row();  // sends what is there
    CHECK(caught_error([&] { transaction.commit(); }).fault() == Fault::bug);
  }
  Transaction transaction(connection);
  CHECK(transaction.run("SELECT count(*) FROM copied")[0][0].as<int>() == 0);
}

TEST_CASE("a COPY without rows asks nothing of the database") {
  TestDatabase database(Content::nothing);
  Connection connection = database.connect();
  Transaction transaction(connection);
  CHECK(CopyStream(transaction, "nothing_here", {"text"}).finish() == 0);
}

TEST_CASE("a COPY that fails names its cause but no value, and the connection goes on") {
  TestDatabase database(Content::nothing);
  Connection connection = database.connect();
  {
    Transaction transaction(connection);
    transaction.run("CREATE TEMPORARY TABLE copied (content jsonb)");
    const Error error = caught_error([&] {
      CopyStream copy(transaction, "copied", {"content"});
      for (const auto* value : {"1", "ada@example.com"}) {
        copy.begin_row();
        copy.json(value);
      }
      copy.finish();
    });
    CHECK(error.fault() == Fault::bad_data);
    CHECK_THAT(error.what(), ContainsSubstring("22P02"));
    CHECK_THAT(error.what(), !ContainsSubstring("ada"));
  }
  {
    Transaction transaction(connection);
    const Error error = caught_error([&] {
      CopyStream copy(transaction, "nothing_here", {"text"});
      copy.begin_row();
      copy.text("1");
      copy.finish();
    });
    CHECK(error.fault() == Fault::misconfigured);
    CHECK_THAT(error.what(), ContainsSubstring("nothing_here"));
  }
  Transaction transaction(connection);
  CHECK(transaction.run("SELECT 1")[0][0].as<int>() == 1);
}

TEST_CASE("a literal keeps quotes and backslashes") {
  TestDatabase database(Content::nothing);
  Connection connection = database.connect();
  const std::string text = R"(o'hara \ "x")";
  Transaction transaction(connection);
  CHECK(view(transaction.run("SELECT " + connection.raw().literal(text))[0][0]) == text);
}

TEST_CASE("a lost session is never replaced silently") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled), Content::nothing);
  Connection connection = access.connect("victim");
  const std::string kill =
      "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'authkit-mirror victim'";
  {
    Transaction transaction(connection);
    transaction.run("CREATE TEMPORARY TABLE of_the_old_session (number int)");
    REQUIRE(access.database().count(kill) == 1);
    CHECK(caught_error([&] { transaction.run("SELECT 1"); }).fault() == Fault::unavailable);
  }
  for (int attempt = 0; attempt < 3; ++attempt) {
    CHECK_THROWS(compat::run(connection.raw(), "SELECT 1"));
    CHECK(caught_error([&] { Transaction again(connection); }).fault() == Fault::unavailable);
  }
  CHECK_FALSE(connection.is_open());
}
