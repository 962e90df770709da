// `authkit-mirror reconcile` as a process: exit codes, files, and what it refuses.

#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "app/config.hpp"
#include "app/reconcile_limit.hpp"
#include "app/reconcile_share.hpp"
#include "db/lease.hpp"
#include "tests/app/program.hpp"
#include "tests/app/scratch.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"

using namespace mirror;
using namespace mirror::harness;
using namespace mirror::test;
using simulator::Kind;

namespace {

struct ReconciledMirror : ProgramFixture {
  ReconciledMirror()
      : ProgramFixture({.directory = {.organizations = 2, .users = 40, .memberships = 60, .invitations = 0}}) {
    REQUIRE(run({"sync"}).code == 0);
    organization = database().value("SELECT id FROM workos.organizations ORDER BY id LIMIT 1");
  }

  /// Everybody who is a member of `organization`, as the mirror has it.
  [[nodiscard]] static std::string members_query() {
    return "SELECT u.email, m.organization_id AS organization, array_to_string(m.role_slugs, '|') AS role,"
           " CASE m.status WHEN 'inactive' THEN 'inactive' ELSE 'active' END AS status"
           " FROM workos.organization_memberships_live m"
           " JOIN workos.users_live u ON u.id = m.user_id";
  }
  Ending plan(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"reconcile", "plan"});
    return run(arguments);
  }
  std::string list(const std::string& content) { return files.file("list.csv", content); }
  [[nodiscard]] std::string plan_file() const { return files.path() + "/plan.json"; }
  std::size_t size(Kind kind) {
    return workos.with([&](simulator::World& world) { return world.store.size(kind); });
  }

  Scratch files;
  std::string organization;
};

}  // namespace

TEST_CASE("reconcile plan exits with 0 if there is nothing to do and with 2 for changes, apply does them once") {
  ReconciledMirror mirror;
  const auto nothing = mirror.plan({"--desired-query", ReconciledMirror::members_query() + ";"});
  CAPTURE(nothing.output);
  CHECK(nothing.code == 0);
  CHECK_THAT(nothing.output, ContainsSubstring("nothing to do"));

  const std::string query = ReconciledMirror::members_query() + " UNION ALL SELECT 'new@x.test', '" +
                            mirror.organization + "', 'member', 'active'";
  const auto planned = mirror.plan({"--desired-query", query, "--out", mirror.plan_file()});
  CAPTURE(planned.output);
  CHECK(planned.code == 2);
  CHECK_THAT(planned.output, ContainsSubstring("send_invitation      1"));
  CHECK_THAT(planned.output, !ContainsSubstring("@"));
  struct stat facts {};
  REQUIRE(::stat(mirror.plan_file().c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);

  const auto before = mirror.size(Kind::invitations);
  CHECK(mirror.run({"reconcile", "apply", mirror.plan_file(), "--dry-run"}).code == 0);
  CHECK(mirror.size(Kind::invitations) == before);
  const auto applied = mirror.run({"reconcile", "apply", mirror.plan_file(), "--wait", "0", "--json"});
  CAPTURE(applied.output);
  CHECK(applied.code == 0);
  CHECK(mirror.size(Kind::invitations) == before + 1);
  const auto again = mirror.run({"reconcile", "apply", mirror.plan_file(), "--wait", "0"});
  CHECK(again.code == 0);
  CHECK_THAT(again.output, ContainsSubstring("applied already"));
  CHECK(mirror.size(Kind::invitations) == before + 1);
}

TEST_CASE("reconcile apply waits until a running daemon has seen its changes, and says if nobody has") {
  ReconciledMirror mirror;
  const auto file = mirror.list("email,organization\nnew@x.test," + mirror.organization + "\n");
  REQUIRE(mirror.plan({"--desired", file, "--new", "create", "--out", mirror.plan_file()}).code == 2);
  SECTION("nobody") {
    const auto alone = mirror.run({"reconcile", "apply", mirror.plan_file(), "--approve", "--wait", "1"});
    CAPTURE(alone.output);
    CHECK(alone.code == 75);
    CHECK_THAT(alone.output, ContainsSubstring("has not seen") && !ContainsSubstring("a fifth"));
    const auto again = mirror.run({"reconcile", "apply", mirror.plan_file(), "--wait", "1"});
    CAPTURE(again.output);
    CHECK(again.code == 75);
    CHECK_THAT(again.output, ContainsSubstring("applied already") && ContainsSubstring("has not seen"));
  }
  SECTION("a daemon") {
    const auto daemon = mirror.start({"run"});
    REQUIRE(wait_until([&] { return daemon->role() == "writer"; }));
    const auto applied = mirror.run({"reconcile", "apply", mirror.plan_file(), "--approve"});
    CAPTURE(applied.output);
    CHECK(applied.code == 0);
    CHECK_THAT(applied.output, ContainsSubstring("with a fifth of api.max_requests_per_second beside it, 200"));
    CHECK(mirror.database().count("SELECT count(*) FROM workos.users_live WHERE email = 'new@x.test'") == 1);
  }
}

TEST_CASE("reconcile apply exits with 1 for conflicts however often it runs, and in a trial") {
  ReconciledMirror mirror;
  const std::string query = ReconciledMirror::members_query() + " UNION ALL SELECT 'new@x.test', '" +
                            mirror.organization + "', 'member', 'active'";
  REQUIRE(mirror.plan({"--desired-query", query, "--out", mirror.plan_file()}).code == 2);
  mirror.workos.with([](simulator::World& world) { world.store.create(Kind::users, {{"email", "new@x.test"}}); });
  for (const char* how : {"--dry-run", "--approve", "--dry-run", "--approve"}) {
    const auto ending = mirror.run({"reconcile", "apply", mirror.plan_file(), how});
    INFO(how << ": " << ending.output);
    CHECK(ending.code == 1);
    CHECK_THAT(ending.output, ContainsSubstring("a user with that address exists by now"));
  }
}

TEST_CASE("reconcile apply shows what it did, and the cause, if the database goes away meanwhile") {
  ReconciledMirror mirror;
  const auto file =
      mirror.list("email,organization\na@x.test," + mirror.organization + "\nb@x.test," + mirror.organization + "\n");
  REQUIRE(mirror.plan({"--desired", file, "--out", mirror.plan_file()}).code == 2);
  // The journal's second entry ends the session that writes it.
  mirror.database().execute(
      "CREATE FUNCTION pull_the_plug() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
      " PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;"
      "CREATE TRIGGER pull_the_plug BEFORE UPDATE ON workos.reconcile_actions FOR EACH ROW"
      " WHEN (NEW.state = 'started' AND NEW.number = 2) EXECUTE FUNCTION pull_the_plug()");
  const auto ending = mirror.run({"reconcile", "apply", mirror.plan_file(), "--approve"});
  INFO(ending.output);
  CHECK(ending.code == 69);
  CHECK_THAT(ending.output, ContainsSubstring("send_invitation           1        0         0       1"));
  CHECK_THAT(ending.output, ContainsSubstring("authkit-mirror: the connection to the database is lost: the server or "
                                              "the network ended it"));
  CHECK(mirror.size(Kind::invitations) == 1);
}

TEST_CASE("reconcile plan asks another database for the list, and makes a plan that is valid for as long as it says") {
  ReconciledMirror mirror;
  TestDatabase staff(Content::nothing);
  staff.execute("CREATE TABLE staff (email text, organization text); INSERT INTO staff VALUES ('new@x.test', '" +
                mirror.organization + "')");
  const auto planned = mirror.plan({"--desired-query", "SELECT * FROM staff", "--desired-database", staff.url(),
                                    "--valid-for", "120", "--out", mirror.plan_file()});
  INFO(planned.output);
  CHECK(planned.code == 2);
  std::ifstream in(mirror.plan_file());
  const auto plan = nlohmann::json::parse(in).at("plan");
  CHECK_THAT(plan.dump(), ContainsSubstring("new@x.test"));
  CHECK(mirror.database().count("SELECT extract(epoch FROM '" + plan.at("valid_until").get<std::string>() +
                                "'::timestamptz - '" + plan.at("created_at").get<std::string>() +
                                "'::timestamptz)::integer") == 120);
}

TEST_CASE("reconcile plan refuses a mirror that is older than --max-age") {
  ReconciledMirror mirror;
  const auto file = mirror.list("email,organization\nnew@x.test," + mirror.organization + "\n");
  mirror.database().execute(
      "UPDATE workos.snapshots SET begun_at = begun_at - interval '100 s';"
      "UPDATE workos.streams SET last_certified_at = last_certified_at - interval '100 s';"
      "UPDATE workos.event_tails SET polled_at = polled_at - interval '100 s'");
  const auto refused = mirror.plan({"--desired", file, "--max-age", "60"});
  INFO(refused.output);
  CHECK(refused.code == 75);
  CHECK_THAT(refused.output, ContainsSubstring("at most 60 s are allowed"));
  CHECK(mirror.plan({"--desired", file, "--max-age", "600"}).code == 2);
}

TEST_CASE("reconcile plan protects whom reconcile.protect_file names too, and tells which entries match nobody") {
  ReconciledMirror mirror;
  const std::string member = mirror.database().value(
      "SELECT user_id FROM workos.organization_memberships_live WHERE status = 'active' AND organization_id = '" +
      mirror.organization + "' ORDER BY id LIMIT 1");
  const auto list = mirror.list("email,organization\nnew@x.test," + mirror.organization + "\n");
  const auto configured = mirror.files.file("configured", "\xEF\xBB\xBF" + member + "\nuser_of_nobody\n");
  const auto given = mirror.files.file("given", "nobody@x.test\n");
  const auto planned = mirror.run({"reconcile", "plan", "--desired", list, "--protect", given, "--show", "1000"},
                                  {"AUTHKIT_MIRROR_RECONCILE_PROTECT_FILE=" + configured});
  INFO(planned.output);
  CHECK(planned.code == 2);
  CHECK_THAT(planned.output, ContainsSubstring(member + " " + mirror.organization + " the user is protected"));
  CHECK_THAT(planned.output, ContainsSubstring("match") && ContainsSubstring(configured + " line 2: user_of_nobody") &&
                                 ContainsSubstring(given + " line 1\n") && !ContainsSubstring("nobody@x.test"));
  const auto json = mirror.run({"reconcile", "plan", "--desired", list, "--protect", given, "--json"});
  CHECK_THAT(json.output, ContainsSubstring("\"" + given + " line 1\""));
}

TEST_CASE("a limit of a kind is a number, a percentage or both, and says what else it can't be") {
  using reconcile::ActionKind;
  reconcile::PlanLimits limits;
  app::read_limit("update_user=50", limits);
  app::read_limit("change_role=12.5%", limits);
  app::read_limit("deactivate_membership=7,10%", limits);
  CHECK(limits.of_kind[ActionKind::update_user].max_count == 50);
  CHECK_FALSE(limits.of_kind[ActionKind::update_user].max_percent);
  CHECK_FALSE(limits.of_kind[ActionKind::change_role].max_count);
  CHECK(limits.of_kind[ActionKind::change_role].max_percent == 12.5);
  CHECK(limits.of_kind[ActionKind::deactivate_membership].max_count == 7);
  CHECK(limits.of_kind[ActionKind::deactivate_membership].max_percent == 10);
  app::read_limit("update_user=5%", limits);
  CHECK(limits.of_kind[ActionKind::update_user].max_count == 50);
  for (const char* wrong : {"update_user", "update_user=", "update_user=x", "update_user=-1", "update_user=101%",
                            "update_user=%", "update_user=1.%", "update_user=5%,50", "update_user=5,",
                            "update_user=,5%", "update_user=5,5", "update_user=1.5", "update_user=1234567890"}) {
    INFO(wrong);
    const auto error = caught_error([&] { app::read_limit(wrong, limits); });
    CHECK(error.fault() == Fault::usage);
    CHECK_THAT(error.what(), ContainsSubstring("not KIND=NUMBER, KIND=PERCENT% or KIND=NUMBER,PERCENT%"));
  }
  CHECK_THAT(caught_error([&] { app::read_limit("all=1", limits); }).next_step(), ContainsSubstring("create_user"));
  CHECK_THAT(caught_error([&] { app::read_limit("create_user=5%", limits); }).what(), ContainsSubstring("new ones"));
}

TEST_CASE("an apply takes a fifth of the share while another process holds the lease, at least one a second") {
  TestDatabase database;
  app::Config config;
  config.database = database.options();
  config.sync.environment = "default";
  const auto share_of = [&](double all) {
    config.api.max_requests_per_second = all;
    return app::share_of_apply(config).max_requests_per_second;
  };
  CHECK(share_of(50) == 50);
  auto connection = database.connect();
  db::Lease lease("default", "writer", std::chrono::seconds{15});
  REQUIRE(lease.try_acquire(connection));
  CHECK(share_of(50) == 10);
  CHECK(share_of(3) == 1);
  CHECK(share_of(0.5) == 0.5);
  database.execute("UPDATE workos.lease SET heartbeat_at = heartbeat_at - interval '1 hour'");
  CHECK(share_of(50) == 50);
  lease.renew(connection);
  CHECK(share_of(50) == 10);
  lease.release(connection);
  CHECK(share_of(50) == 50);
}

TEST_CASE("reconcile plan tells what is wrong with a list, and writes no plan") {
  ReconciledMirror mirror;
  const auto file = mirror.list("email,organisation\nnobody,x\n");
  const auto refused = mirror.plan({"--desired", file, "--out", mirror.plan_file()});
  CAPTURE(refused.output);
  CHECK(refused.code == 64);
  CHECK_THAT(refused.output, ContainsSubstring("line 1, column 2: unknown column, did you mean organization?"));
  CHECK_FALSE(std::filesystem::exists(mirror.plan_file()));
  CHECK(mirror.plan({"--desired", mirror.list("email,organization\n")}).code == 64);
  CHECK(mirror.plan({"--desired", mirror.files.path() + "/none.csv"}).code == 64);
  const auto unknown = mirror.plan({"--desired", mirror.list("email\na@x.test\n"), "--organization", "org_unknown"});
  CHECK(unknown.code == 64);
  CHECK_THAT(unknown.output, ContainsSubstring("the mirror has no organization org_unknown"));
  CHECK(mirror.plan({"--desired-query", "DELETE FROM workos.users RETURNING email"}).code == 78);
  CHECK(mirror.database().count("SELECT count(*) FROM workos.users_live") == 40);
}

TEST_CASE("reconcile plan leaves protected ones alone, and a plan over a limit needs --approve") {
  ReconciledMirror mirror;
  const auto member = mirror.database().value(
      "SELECT user_id FROM workos.organization_memberships_live WHERE status = "
      "'active' AND organization_id = '" +
      mirror.organization + "' ORDER BY id LIMIT 1");
  const auto file = mirror.list("email,organization\nnew@x.test," + mirror.organization + "\n");
  const auto protect = mirror.files.file("protect", "# the owner\n" + member + "\n");
  const auto planned = mirror.plan({"--desired", file, "--protect", protect, "--out", mirror.plan_file(), "--limit",
                                    "deactivate_membership=1", "--json"});
  CAPTURE(planned.output);
  CHECK(planned.code == 2);
  CHECK_THAT(planned.output, ContainsSubstring("the user is protected"));
  const auto trial = mirror.run({"reconcile", "apply", mirror.plan_file(), "--dry-run"});
  CHECK(trial.code == 1);
  CHECK_THAT(trial.output,
             ContainsSubstring("over the limit: deactivate_membership") && ContainsSubstring("--approve"));
  const auto approved = mirror.run({"reconcile", "apply", mirror.plan_file(), "--dry-run", "--approve"});
  CHECK(approved.code == 0);
  CHECK_THAT(approved.output, !ContainsSubstring("over the limit"));
  const auto refused = mirror.run({"reconcile", "apply", mirror.plan_file(), "--wait", "0"});
  CHECK(refused.code == 1);
  CHECK_THAT(refused.output, ContainsSubstring("over the limit: deactivate_membership"));
  CHECK(mirror.run({"reconcile", "apply", mirror.plan_file(), "--wait", "0", "--approve"}).code == 0);
  const auto status = mirror.workos.with([&](simulator::World& world) {
    std::string found;
    for (const auto& [position, each] : world.store.memberships_of_user(member)) {
      if (each->facts->organization_id == mirror.organization) found = each->facts->status;
    }
    return found;
  });
  CHECK(status == "active");
}

TEST_CASE("reconcile refuses an edited plan, another key, a mirror that was never read, and a wrong command line") {
  ReconciledMirror mirror;
  const auto file = mirror.list("email,organization\nnew@x.test," + mirror.organization + "\n");
  REQUIRE(mirror.plan({"--desired", file, "--out", mirror.plan_file()}).code == 2);
  std::ifstream in(mirror.plan_file());
  std::string text{std::istreambuf_iterator<char>(in), {}};
  text.replace(text.find("new@x.test"), 10, "own@x.test");
  const auto edited = mirror.run({"reconcile", "apply", mirror.files.file("edited.json", text)});
  CHECK(edited.code == 64);
  CHECK_THAT(edited.output, ContainsSubstring("was edited after it was made"));
  CHECK(mirror.run({"reconcile", "apply", mirror.plan_file()}, {"WORKOS_API_KEY=sk_test_of_nobody"}).code == 64);
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"reconcile"},
                                                    {"reconcile", "plan"},
                                                    {"reconcile", "apply"},
                                                    {"reconcile", "plan", "--desired", file, "--approve"},
                                                    {"reconcile", "plan", "--desired", file, "--limit", "all=1"},
                                                    {"reconcile", "apply", mirror.plan_file(), "--remove"}}) {
    CHECK(mirror.run(arguments).code == 64);
  }
  const ProgramFixture empty;
  REQUIRE(empty.run({"migrate"}).code == 0);
  const auto stale = empty.run({"reconcile", "plan", "--desired", file});
  CHECK(stale.code == 75);
  CHECK_THAT(stale.output, ContainsSubstring("never read completely"));
}
