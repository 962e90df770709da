// `authkit-mirror erase` as a process: receipts, questions, exit codes.

#include <chrono>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

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
  /// In rows and feed; the rows' own words are in the inventory's test.
  std::int64_t lines_about(const std::string& user) {
    return database().count("SELECT (SELECT count(*) FROM workos.users WHERE id = '" + user +
                            "') + (SELECT count(*) FROM workos.organization_memberships WHERE user_id = '" + user +
                            "') + (SELECT count(*) FROM workos.changes WHERE before::text LIKE '%" + user + "%')");
  }
  std::int64_t erasures() { return database().count("SELECT count(*) FROM workos.erasures"); }
  std::int64_t sessions() {
    return database().count(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
        "backend_type = 'client backend' AND pid <> pg_backend_pid()");
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

TEST_CASE("an erase that is killed at any moment removed all of a person or nothing") {
  FilledMirror mirror;
  std::mt19937 random(std::random_device{}());
  int killed = 0;
  for (int round = 0; round < 12; ++round) {
    CAPTURE(round);
    const auto user = mirror.someone();
    mirror.delete_at_workos(user);
    REQUIRE(mirror.run({"sync"}).code == 0);
    const auto lines = mirror.lines_about(user);
    const auto before = mirror.erasures();
    REQUIRE(lines > 0);
    const auto erase = mirror.start({"erase", user, "--yes"});
    // It has begun to search, or goes on to remove.
    REQUIRE(harness::wait_until([&] { return mirror.sessions() > 0 || !erase->process().is_running(); }));
    std::this_thread::sleep_for(std::chrono::microseconds{random() % 150'000});
    erase->process().signal(SIGKILL);
    killed += erase->end().code == 128 + SIGKILL ? 1 : 0;
    // PostgreSQL may still be at work for the client that is gone.
    REQUIRE(harness::wait_until([&] { return mirror.sessions() == 0; }));
    const bool is_done = mirror.erasures() > before;
    CHECK(mirror.lines_about(user) == (is_done ? 0 : lines));

    CHECK(mirror.run({"erase", user, "--yes"}).code == 0);
    CHECK(mirror.lines_about(user) == 0);
  }
  CHECK(killed > 0);
}
