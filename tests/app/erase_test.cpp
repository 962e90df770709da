// `authkit-mirror erase` as a process: receipts, questions, exit codes.

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

  std::string someone() {
    return workos.with([&](World& world) { return world.store.table(Kind::users).order().begin()->second->id; });
  }
  void delete_at_workos(const std::string& user) {
    workos.with([&](World& world) { world.store.erase(Kind::users, user); });
  }
  static json answer(const std::string& output) {
    return json::parse(output.substr(output.find("\n{\n") == std::string::npos ? 0 : output.find("\n{\n")));
  }
};

}  // namespace

TEST_CASE("erase prints a receipt that names what was removed and what is not covered, and lists hashes only") {
  FilledMirror mirror;
  const auto user = mirror.someone();
  const auto email = mirror.database().value("SELECT email FROM workos.users WHERE id = '" + user + "'");
  mirror.delete_at_workos(user);
  const auto ending = mirror.run({"erase", user, "--yes"});
  CAPTURE(ending.output);
  CHECK(ending.code == 0);
  CHECK_THAT(ending.output, ContainsSubstring("erased " + user) && ContainsSubstring("users") &&
                                ContainsSubstring("not covered:") && ContainsSubstring("backups") &&
                                !ContainsSubstring(email));
  CHECK(mirror.database().count("SELECT count(*) FROM workos.users WHERE id = '" + user + "'") == 0);

  const auto again = FilledMirror::answer(mirror.run({"erase", user, "--yes", "--json"}).output);
  CHECK(again["repeated"] == true);
  CHECK(again["places"].empty());
  const auto listed = mirror.run({"erase", "--list"});
  CHECK(listed.code == 0);
  CHECK_THAT(listed.output,
             ContainsSubstring(again["hash"].get<std::string>().substr(0, 12)) && !ContainsSubstring(user));
  CHECK(FilledMirror::answer(mirror.run({"erase", "--list", "--json"}).output)["erasures"].size() == 1);
}

TEST_CASE("erase asks nobody without --yes where nobody can answer, and refuses who still exists") {
  FilledMirror mirror;
  const auto user = mirror.someone();
  const auto unasked = mirror.run({"erase", user});
  CHECK(unasked.code == 64);
  CHECK_THAT(unasked.output, ContainsSubstring("add --yes"));
  const auto living = mirror.run({"erase", user, "--yes"});
  CHECK(living.code == 64);
  CHECK_THAT(living.output, ContainsSubstring("still exists at WorkOS") && ContainsSubstring("--still-at-workos"));
  CHECK(mirror.run({"erase"}).code == 64);
  CHECK(mirror.database().count("SELECT count(*) FROM workos.erasures") == 0);
  CHECK(mirror.run({"erase", user, "--yes", "--still-at-workos"}).code == 0);
  CHECK(mirror.run({"sync"}).code == 0);
  CHECK(mirror.database().count("SELECT count(*) FROM workos.users WHERE id = '" + user + "'") == 0);
}
