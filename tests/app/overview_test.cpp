#include "app/check_database.hpp"
#include "app/mirror_status.hpp"
#include "db/mirror_overview.hpp"
#include "sync/health_findings.hpp"
#include "tests/catch.hpp"
#include "tests/harness/test_database.hpp"
#include "tests/harness/test_role.hpp"

using namespace mirror;
using namespace mirror::app;
using harness::Content;
using harness::TestDatabase;

namespace {

CheckResult result_of(const std::vector<CheckLine>& lines, const std::string& subject) {
  for (const CheckLine& line : lines) {
    if (line.subject == subject) return line.result;
  }
  FAIL("no line about " << subject);
  return CheckResult::failed;
}

}  // namespace

TEST_CASE("the overview shows a stream with its newest snapshot, and only of its environment") {
  TestDatabase database;
  database.execute(
      "INSERT INTO workos.streams (_env, stream, state, last_certified_at)\n"
      "VALUES ('default', 'users', 'idle', clock_timestamp() - interval '1 minute'), ('other', 'users', 'walking', "
      "NULL);\n"
      "INSERT INTO workos.snapshots (_env, stream, state, started_at, rows) VALUES\n"
      "  ('default', 'users', 'failed', now(), 1), ('default', 'users', 'certified', now(), 2),\n"
      "  ('other', 'users', 'running', now(), 3);\n"
      "INSERT INTO workos.quarantine (_env, table_name, id, error) VALUES\n"
      "  ('default', 'users', 'a', 'x'), ('default', 'users', 'b', 'x'), ('other', 'users', 'c', 'x');\n"
      "INSERT INTO workos.holds (_env, stream, cause, deletions, live_rows, reason)\n"
      "VALUES ('default', 'users', 'sweep', 600, 1000, 'more than 500');\n"
      "INSERT INTO workos.hold_items (hold_id, table_name, id)\n"
      "SELECT hold.id, 'users', 'user_' || n FROM workos.holds AS hold, generate_series(100, 150) AS n;\n"
      "INSERT INTO workos.snapshots (_env, stream, state, started_at) SELECT 'default', 'users', 'failed', now()\n"
      "FROM generate_series(1, 5);\n"
      "UPDATE workos.streams SET last_certified_id = 2 WHERE _env = 'default'");
  db::Connection connection = database.connect();
  const db::MirrorOverview overview = db::read_overview(connection, "default");
  REQUIRE(overview.streams.size() == 1);
  REQUIRE(overview.streams[0].snapshot_state == "failed");
  REQUIRE(overview.snapshots.size() == 4);  // the last three, and the certificate however old it is
  REQUIRE(overview.snapshots[3].state == "certified");
  REQUIRE(overview.snapshots[3].counts.rows == 2);
  REQUIRE(overview.streams[0].seconds_since_certified.value() >= 60);
  REQUIRE(overview.streams[0].seconds_since_certified.value() < 120);
  REQUIRE(overview.quarantine == std::map<std::string, std::int64_t>{{"users", 2}});
  REQUIRE(overview.parked.size() == 2);
  REQUIRE(overview.holds.size() == 1);
  const auto& held = overview.held_ids.at(overview.holds[0].id);
  REQUIRE(held.size() == 20);
  REQUIRE(held.front() == "user_100");
  REQUIRE_FALSE(overview.lease.has_value());
}

TEST_CASE("a stream that the database does not know any more has no certificate on the board") {
  TestDatabase database;
  database.execute(
      "INSERT INTO workos.streams (_env, stream, state, last_certified_at) "
      "VALUES ('default', 'users', 'idle', '2026-03-01T00:00:00Z')");
  db::Connection connection = database.connect();
  SystemClock clock;
  sync::StatusBoard board(clock);
  sync::refresh_findings(connection, {}, board);
  REQUIRE(board.streams().at("users").certified_at == parse_instant("2026-03-01T00:00:00Z"));
  database.execute("DELETE FROM workos.streams");
  sync::refresh_findings(connection, {}, board);
  REQUIRE_FALSE(board.streams().at("users").certified_at.has_value());
}

TEST_CASE("check names what is pending, and fails on it only if nobody may apply it") {
  const TestDatabase database(Content::nothing);
  db::DatabaseOptions options = database.options();
  REQUIRE(result_of(check_database(options), "schema") == CheckResult::warning);
  options.migrate = false;
  const auto lines = check_database(options);
  REQUIRE(result_of(lines, "database") == CheckResult::ok);
  REQUIRE(result_of(lines, "schema") == CheckResult::failed);
  REQUIRE(judge_checks(lines) == ExitCode::misconfigured);
}

TEST_CASE("check fails for a user who may not create the schema, and says what to grant") {
  TestDatabase database(Content::nothing);
  const harness::TestRole role(database);
  const auto lines = check_database(role.options());
  REQUIRE(result_of(lines, "database privileges") == CheckResult::failed);
  REQUIRE(judge_checks(lines) == ExitCode::refused);
  REQUIRE_THAT(checks_table(lines), ContainsSubstring("GRANT CREATE ON DATABASE"));
}

TEST_CASE("check fails on a schema of another version and on a database that is away") {
  TestDatabase database;
  REQUIRE(judge_checks(check_database(database.options())) == ExitCode::done);
  database.execute("UPDATE workos.schema_migrations SET checksum = 'other' WHERE number = 1");
  REQUIRE(result_of(check_database(database.options()), "schema") == CheckResult::failed);

  db::DatabaseOptions away = database.options();
  away.url = "host=/nonexistent dbname=x";
  REQUIRE(judge_checks(check_database(away)) == ExitCode::away);
}
