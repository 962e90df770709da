// `authkit-mirror reconcile` as a process: exit codes, files, and what it refuses.

#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "tests/app/program.hpp"
#include "tests/app/scratch.hpp"
#include "tests/catch.hpp"

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
    CHECK_THAT(alone.output, ContainsSubstring("has not seen"));
  }
  SECTION("a daemon") {
    const auto daemon = mirror.start({"run"});
    REQUIRE(wait_until([&] { return daemon->role() == "writer"; }));
    const auto applied = mirror.run({"reconcile", "apply", mirror.plan_file(), "--approve"});
    CAPTURE(applied.output);
    CHECK(applied.code == 0);
    CHECK(mirror.database().count("SELECT count(*) FROM workos.users_live WHERE email = 'new@x.test'") == 1);
  }
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
