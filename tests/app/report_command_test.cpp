#include <nlohmann/json.hpp>
#include <set>

#include "app/report_output.hpp"
#include "db/report.hpp"
#include "tests/app/program.hpp"
#include "tests/app/shell.hpp"
#include "tests/catch.hpp"

using namespace mirror;
using namespace mirror::harness;
using namespace mirror::test;
using Json = nlohmann::json;

namespace {

/// The program and a mirror that is fresh; there is no WorkOS and no key.
struct ReportSite {
  explicit ReportSite(Way way = Way::direct) : access(way) {
    access.database().execute(
        "INSERT INTO workos.lease (_env, token) VALUES ('default', 1);"
        "INSERT INTO workos.snapshots (_env, stream, state, started_at) VALUES ('default', 'users', 'certified', "
        "now());"
        "INSERT INTO workos.streams (_env, stream, last_certified_id) SELECT _env, stream, id FROM workos.snapshots;"
        "INSERT INTO workos.users (_env, id, email, name, email_verified, created_at, _observed_at) VALUES"
        " ('default', 'user_1', 'ada@x.example', 'Ada, \"the\" First', false, '2026-03-01 12:00:00+00', now()),"
        " ('default', 'user_2', NULL, '', false, '2026-03-02 12:00:00+00', now()),"
        " ('other', 'user_3', 'bo@x.example', NULL, false, '2026-03-02 12:00:00+00', now())");
  }
  void certify(const std::string& stream) {
    access.database().execute(
        "INSERT INTO workos.snapshots (_env, stream, state, started_at) VALUES ('default', '" + stream +
        "', 'certified', now());"
        "INSERT INTO workos.streams (_env, stream, last_certified_id) SELECT _env, stream, id FROM workos.snapshots"
        " WHERE stream = '" +
        stream + "'");
  }
  Ending run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "report");
    return Program(arguments, {"DATABASE_URL=" + access.options().url, "WORKOS_API_KEY="}).end();
  }

  DatabaseAccess access;
};

/// The streams whose tables PostgreSQL reads for a report.
std::set<std::string> streams_read(TestDatabase& database, const db::Report& report) {
  const bool is_function = report.days == db::Report::Days::argument;
  std::string plan;
  for (const auto& row : database.rows("EXPLAIN (VERBOSE) SELECT * FROM workos." + std::string(report.name) +
                                       (is_function ? "()" : ""))) {
    plan += row[0] + "\n";
  }
  const std::vector<std::pair<std::string, std::string>> tables{
      {"organizations", "organizations"},
      {"organization_domains", "organizations"},
      {"users", "users"},
      {"organization_memberships", "organization_memberships"},
      {"invitations", "invitations"}};
  std::set<std::string> streams;
  for (const auto& [table, stream] : tables) {
    if (plan.find("workos." + table + " ") != std::string::npos) streams.insert(stream);
  }
  return streams;
}

}  // namespace

TEST_CASE("a report is judged by the freshness of every stream whose table it reads") {
  TestDatabase database;
  for (const db::Report& report : db::reports()) {
    INFO(report.name);
    const auto judged = db::streams_of(report, {});
    CHECK(std::set<std::string>(judged.begin(), judged.end()) == streams_read(database, report));
  }
}

TEST_CASE("a report on the members of one organization needs fresh memberships too") {
  ReportSite site;
  const std::string name = GENERATE(as<std::string>{}, "dormant_users", "unverified_emails");
  CHECK(site.run({name, "--fresh", "5m"}).code == 0);
  const Ending refused = site.run({name, "--organization", "org_1", "--fresh", "5m"});
  INFO(refused.output);
  CHECK(refused.code == 75);
  CHECK_THAT(refused.output, ContainsSubstring("organization_memberships"));
  site.certify("organization_memberships");
  CHECK(site.run({name, "--organization", "org_1", "--fresh", "5m"}).code == 0);
}

TEST_CASE("a report is a table, CSV or JSON, of this environment, through a pooler too") {
  const ReportSite site(GENERATE(Way::direct, Way::pooled));
  const Ending table = site.run({"unverified_emails"});
  INFO(table.output);
  REQUIRE(table.code == 0);
  CHECK_THAT(table.output, ContainsSubstring("user_id") && ContainsSubstring("ada@x.example") &&
                               !ContainsSubstring("bo@x.example") && !ContainsSubstring("warning"));
  CHECK(site.run({"unverified-emails", "--format", "csv"}).output ==
        "_env,user_id,email,name,created_at,last_sign_in_at\r\n"
        "default,user_2,,\"\",2026-03-02 12:00:00+00,\r\n"
        "default,user_1,ada@x.example,\"Ada, \"\"the\"\" First\",2026-03-01 12:00:00+00,\r\n");
  const Json report = Json::parse(site.run({"unverified_emails", "--json", "--limit", "1"}).output);
  CHECK(report.at("report") == "unverified_emails");
  REQUIRE(report.at("rows").size() == 1);
  CHECK(report["rows"][0] == Json{{"_env", "default"},
                                  {"user_id", "user_2"},
                                  {"email", nullptr},
                                  {"name", ""},
                                  {"created_at", "2026-03-02T12:00:00+00:00"},
                                  {"last_sign_in_at", nullptr}});
  CHECK(Json::parse(site.run({"duplicate_emails", "--json"}).output).at("rows").empty());
}

TEST_CASE("a stale mirror is reported with a warning, and refused with --fresh") {
  ReportSite site;
  CHECK(site.run({"unverified_emails", "--fresh", "5m"}).code == 0);
  site.access.database().execute("UPDATE workos.snapshots SET begun_at = now() - interval '1 hour'");
  const Ending warned = site.run({"unverified_emails"});
  CHECK(warned.code == 0);
  CHECK_THAT(warned.output,
             ContainsSubstring("warning: stream users of environment default is as of") && ContainsSubstring("user_1"));
  const Ending refused = site.run({"unverified_emails", "--fresh", "5m"});
  CHECK(refused.code == 75);
  CHECK_THAT(refused.output, ContainsSubstring("not fresh") && ContainsSubstring("events are not followed") &&
                                 !ContainsSubstring("user_1"));
  CHECK(site.run({"unverified_emails", "--fresh", "2h"}).code == 0);
}

TEST_CASE("a report that can't be written fails with the cause") {
  const ReportSite site;
  for (const char* format : {"table", "csv", "json"}) {
    const Ending full = run_shell(std::string("$program report unverified_emails > /dev/full --format ") + format,
                                  {"DATABASE_URL=" + site.access.options().url, "WORKOS_API_KEY="});
    INFO(format << ": " << full.output);
    CHECK(full.code == 69);
    CHECK_THAT(full.output, ContainsSubstring("standard output can't be written: No space left on device"));
  }
}

TEST_CASE("report says what is wrong with its line, and lists what there is") {
  const ReportSite site;
  const Ending list = site.run({"list"});
  CHECK(list.code == 0);
  for (const db::Report& report : db::reports()) CHECK_THAT(list.output, ContainsSubstring(std::string(report.name)));
  CHECK(Json::parse(site.run({"list", "--json"}).output).at("reports").size() == db::reports().size());
  for (const auto& [arguments, cause] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"dormant_user"}, "did you mean \"dormant_users\"?"},
           {{"domains_by_state", "--days", "3"}, "--days means nothing here"},
           {{"dormant_users", "--days", "-1"}, "--days"},
           {{"dormant_users", "--fresh", "soon"}, "--fresh soon is no duration"},
           {{"dormant_users", "--json", "--format", "csv"}, "contradict"}}) {
    const Ending ending = site.run(arguments);
    INFO(ending.output);
    CHECK(ending.code == 64);
    CHECK_THAT(ending.output, ContainsSubstring(cause));
  }
}

TEST_CASE("a CSV field is quoted where RFC 4180 asks for it, and an empty text is no null") {
  CHECK(app::csv_field(std::nullopt).empty());
  CHECK(app::csv_field("") == "\"\"");
  CHECK(app::csv_field("plain text") == "plain text");
  CHECK(app::csv_field("a,b") == "\"a,b\"");
  CHECK(app::csv_field("say \"a\"") == "\"say \"\"a\"\"\"");
  CHECK(app::csv_field("two\nlines") == "\"two\nlines\"");
  CHECK(app::csv_field("=1+1") == "=1+1");
}
