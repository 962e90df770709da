// `authkit-mirror verify` as a process: exit codes, what it prints, and the repair.

#include <nlohmann/json.hpp>

#include "tests/app/program.hpp"
#include "tests/catch.hpp"

using namespace mirror;
using namespace mirror::harness;
using namespace mirror::test;
using nlohmann::json;
using simulator::Kind;
using simulator::World;

namespace {

struct FilledMirror : ProgramFixture {
  FilledMirror() { REQUIRE(run({"sync"}).code == 0); }

  /// Without the pauses between the looks.
  Ending verify(std::vector<std::string> arguments = {}, std::vector<std::string> environment = {}) {
    arguments.insert(arguments.begin(), {"verify", "--pause", "0"});
    return run(arguments, std::move(environment));
  }
  /// The answer of --json: the program's log goes to the same file, before it.
  json report(std::vector<std::string> arguments = {}) {
    arguments.emplace_back("--json");
    const auto output = verify(std::move(arguments)).output;
    return json::parse(output.substr(output.find("\n{\n") == std::string::npos ? 0 : output.find("\n{\n")));
  }
  std::string newest(Kind kind) {
    return workos.with([&](World& world) { return world.store.table(kind).order().rbegin()->second->id; });
  }
  void erase(Kind kind, const std::string& id) {
    workos.with([&](World& world) { world.store.erase(kind, id, {.event = false}); });
  }
};

}  // namespace

TEST_CASE("verify exits with 0 and says so if mirror and API are equal, with and without --json") {
  FilledMirror mirror;
  const auto ending = mirror.verify();
  CAPTURE(ending.output);
  CHECK(ending.code == 0);
  CHECK_THAT(ending.output, ContainsSubstring("the mirror is equal to the API"));
  const auto report = mirror.report();
  CHECK(report["equal"] == true);
  CHECK(report["tables"].size() == all_tables().size());
  CHECK_FALSE(report.contains("repair"));
  for (const auto& table : report["tables"]) {
    CAPTURE(table.dump());
    CHECK(table["compared"] == mirror.workos.truth(table["table"].get<std::string>()).size());
    CHECK(table["counts"]["missing"] == 0);
  }
}

TEST_CASE("verify exits with 1 and names what differs by ids and keys, never by values") {
  FilledMirror mirror;
  const auto user = mirror.newest(Kind::users);
  mirror.workos.with([&](World& world) {
    world.store.update(Kind::users, user, {{"first_name", "Zoe"}, {"email", "zoe@example.test"}}, {.event = false});
  });
  const auto ending = mirror.verify();
  CAPTURE(ending.output);
  CHECK(ending.code == 1);
  CHECK_THAT(ending.output, ContainsSubstring("different    " + user + "  email, first_name, updated_at"));
  CHECK_THAT(ending.output, !ContainsSubstring("Zoe") && !ContainsSubstring("@"));

  const auto users = mirror.report()["tables"][2];
  CHECK(users["table"] == "users");
  CHECK(users["counts"]["different"] == 1);
  CHECK(users["differences"][0] ==
        json{{"kind", "different"}, {"id", user}, {"keys", {"email", "first_name", "updated_at"}}});
}

TEST_CASE("verify lists as many differences as --show says and counts them all") {
  FilledMirror mirror;
  mirror.database().execute("UPDATE workos.users SET _deleted_at = now(), _deleted_by = 'sweep'");
  const auto ending = mirror.verify({"--show", "3"});
  CAPTURE(ending.output);
  CHECK(ending.code == 1);
  CHECK_THAT(ending.output, ContainsSubstring("and 117 more"));
  const auto users = mirror.report({"--show", "3"})["tables"][2];
  CHECK(users["counts"]["missing"] == 120);
  CHECK(users["differences"].size() == 3);
}

TEST_CASE("verify --repair mends what a pass can mend and exits with 0") {
  FilledMirror mirror;
  mirror.erase(Kind::invitations, mirror.newest(Kind::invitations));
  mirror.database().execute("DELETE FROM workos.users WHERE id = '" + mirror.newest(Kind::users) + "'");
  SECTION("alone") {}
  std::unique_ptr<Program> daemon;
  SECTION("beside a daemon, which does the work") {
    daemon = mirror.start({"run"});
    REQUIRE(wait_until([&] { return daemon->role() == "writer"; }));
  }
  const auto ending = mirror.verify({"--repair"});
  CAPTURE(ending.output);
  CHECK(ending.code == 0);
  CHECK(mirror.differences().empty());
  CHECK(mirror.verify().code == 0);
}

TEST_CASE("verify --repair exits with 1 if deletions are held after it") {
  FilledMirror mirror;
  for (int i = 0; i < 6; ++i) mirror.erase(Kind::invitations, mirror.newest(Kind::invitations));
  const std::vector<std::string> brake{"--set", "brake.max_count=5", "--set", "brake.min_count=5"};
  auto arguments = brake;
  arguments.emplace_back("--repair");
  const auto repaired = mirror.verify(arguments);
  CAPTURE(repaired.output);
  CHECK(repaired.code == 1);
  CHECK_THAT(repaired.output, ContainsSubstring("not all of it is mended"));
  // By themselves they are no drift.
  const auto later = mirror.verify();
  CAPTURE(later.output);
  CHECK(later.code == 0);
  CHECK_THAT(later.output, ContainsSubstring("held "));
}

TEST_CASE("verify exits with 78 for a mirror without schema or rows and for another environment") {
  const ProgramFixture nothing;
  const auto missing = nothing.run({"verify"});
  CAPTURE(missing.output);
  CHECK(missing.code == 78);
  CHECK_THAT(missing.output, ContainsSubstring("Next: Run `authkit-mirror migrate`"));
  REQUIRE(nothing.run({"migrate"}).code == 0);
  const auto empty = nothing.run({"verify"});
  CAPTURE(empty.output);
  CHECK(empty.code == 78);
  CHECK_THAT(empty.output, ContainsSubstring("authkit-mirror sync"));

  FilledMirror mirror;
  simulator::Simulator other({.directory = {.users = 50, .seed = 2}});
  other.start();
  const auto foreign = mirror.verify({}, {"WORKOS_BASE_URL=" + other.url()});
  CAPTURE(foreign.output);
  CHECK(foreign.code == 78);
  CHECK_THAT(foreign.output, ContainsSubstring("belongs to another WorkOS environment"));
}

TEST_CASE("verify exits with 77 for a refused key and with 69 if API or database is away") {
  FilledMirror mirror;
  const auto refused = mirror.verify({}, {"WORKOS_API_KEY=sk_test_of_nobody"});
  CAPTURE(refused.output);
  CHECK(refused.code == 77);
  const TemporaryDirectory nowhere;
  CHECK(mirror.verify({}, {"DATABASE_URL=host=" + nowhere.path().string() + " dbname=mirror"}).code == 69);
  const std::string url = mirror.workos.url();
  mirror.workos.stop();
  const auto away = mirror.verify({}, {"WORKOS_BASE_URL=" + url});
  CAPTURE(away.output);
  CHECK(away.code == 69);
}

TEST_CASE("verify that is stopped before its end does not exit with 0") {
  FilledMirror mirror;
  mirror.erase(Kind::users, mirror.newest(Kind::users));
  mirror.workos.with([](World& world) { world.log.clear(); });
  const auto program = mirror.start({"verify", "--pause", "600"});
  // All lists are read by then, or nearly so; a difference is left for later.
  REQUIRE(wait_until([&] {
    return mirror.workos.with([](World& world) { return world.log.count("GET", "/user_management/users", 200) >= 3; });
  }));
  program->process().signal(SIGTERM);
  const auto ending = program->end();
  CAPTURE(ending.output);
  CHECK(ending.code == 75);
  CHECK_THAT(ending.output, ContainsSubstring("stopped before everything was compared"));
}
