#include "tests/app/program.hpp"
#include "tests/app/scratch.hpp"
#include "tests/catch.hpp"
#include "tests/harness/test_role.hpp"

using namespace mirror;
using namespace mirror::harness;
using namespace mirror::test;
using simulator::Kind;
using simulator::World;

namespace {

/// One paragraph that begins with the program's name and ends with what to do.
void check_last_words(const Ending& ending) {
  const auto begin = ending.output.rfind("authkit-mirror: ");
  REQUIRE(begin != std::string::npos);
  const std::string words = ending.output.substr(begin);
  CHECK_THAT(words, ContainsSubstring("Next: "));
  CHECK_THAT(words, !ContainsSubstring("sk_test"));
  CHECK(words.find('\n') == words.size() - 1);
}

void erase_invitations(ProgramFixture& mirror, int count) {
  mirror.workos.with([&](World& world) {
    for (int i = 0; i < count; ++i) {
      world.store.erase(Kind::invitations, world.store.table(Kind::invitations).order().begin()->second->id);
    }
  });
}

}  // namespace

TEST_CASE("sync exits with 0 after a complete pass and prints a line per stream") {
  ProgramFixture mirror;
  const auto ending = mirror.run({"sync"});
  CAPTURE(ending.output);
  CHECK(ending.code == 0);
  for (const auto* stream : all_streams()) CHECK_THAT(ending.output, ContainsSubstring(std::string(stream->name)));
  CHECK(mirror.differences().empty());
}

TEST_CASE("a wrong key ends sync with 77 and nothing mirrored") {
  ProgramFixture mirror;
  const auto ending = mirror.run({"sync"}, {"WORKOS_API_KEY=sk_test_of_nobody"});
  CAPTURE(ending.output);
  CHECK(ending.code == 77);
  check_last_words(ending);
  CHECK(mirror.database().count("SELECT count(*) FROM workos.users") == 0);
}

TEST_CASE("a key without permission for one list ends sync with 1: the other streams are mirrored") {
  ProgramFixture mirror;
  mirror.workos.arm({.name = "403-one-list", .target = "invitations"});
  const auto ending = mirror.run({"sync"});
  CAPTURE(ending.output);
  CHECK(ending.code == 1);
  CHECK_THAT(ending.output, ContainsSubstring("403"));
  CHECK(mirror.certified() == 3);
}

TEST_CASE("an API that can't be reached ends sync with 69") {
  ProgramFixture mirror;
  const std::string url = mirror.workos.url();
  mirror.workos.stop();
  const auto ending = mirror.run({"sync"}, {"WORKOS_BASE_URL=" + url});
  CAPTURE(ending.output);
  CHECK(ending.code == 69);
  check_last_words(ending);
}

TEST_CASE("a base URL at which no WorkOS answers ends sync with an error that shows the answer's kind") {
  ProgramFixture mirror;
  mirror.workos.arm({.name = "wrong-content-type", .count = -1, .parameters = {{"html", "true"}}});
  const auto ending = mirror.run({"sync"});
  CAPTURE(ending.output);
  CHECK(ending.code == 69);
  check_last_words(ending);
  CHECK_THAT(ending.output, ContainsSubstring("answered 200 with an HTML page"));
}

TEST_CASE("a database server that is away ends sync with 69, a database that does not exist with 78") {
  ProgramFixture mirror;
  const TemporaryDirectory nowhere;
  const auto away = mirror.run({"sync"}, {"DATABASE_URL=host=" + nowhere.path().string() + " dbname=mirror"});
  CAPTURE(away.output);
  CHECK(away.code == 69);
  check_last_words(away);
  const auto missing =
      mirror.run({"sync"}, {"DATABASE_URL=" + mirror.database().cluster_url() + " dbname=no_such_mirror"});
  CAPTURE(missing.output);
  CHECK(missing.code == 78);
  check_last_words(missing);
  CHECK_THAT(missing.output, ContainsSubstring("no_such_mirror"));
}

TEST_CASE("a database user without the right to create ends sync with 77") {
  ProgramFixture mirror;
  const TestRole role(mirror.database());
  const auto ending = mirror.run({"sync"}, {"DATABASE_URL=" + role.options().url});
  CAPTURE(ending.output);
  CHECK(ending.code == 77);
  check_last_words(ending);
}

TEST_CASE("a schema made by a newer version ends sync and run with 78 and stays as it is") {
  ProgramFixture mirror(ProgramFixture::small(), Way::direct, Content::migrated_schema);
  mirror.database().execute(
      "INSERT INTO workos.schema_migrations (number, name, checksum, version) SELECT 9999, '9999_from_the_future', "
      "checksum, '9.9.9'"
      " FROM workos.schema_migrations LIMIT 1");
  const std::string command = GENERATE(as<std::string>{}, "sync", "run");
  const auto ending = mirror.run({command});
  CAPTURE(ending.output);
  CHECK(ending.code == 78);
  check_last_words(ending);
  CHECK(mirror.database().count("SELECT count(*) FROM workos.users") == 0);
}

TEST_CASE("the key of another environment ends sync and run with 78") {
  ProgramFixture mirror;
  REQUIRE(mirror.run({"sync"}).code == 0);
  simulator::Simulator other({.directory = {.users = 50, .seed = 2}});
  other.start();
  const std::string command = GENERATE(as<std::string>{}, "sync", "run");
  const auto ending = mirror.run({command}, {"WORKOS_BASE_URL=" + other.url()});
  CAPTURE(ending.output);
  CHECK(ending.code == 78);
  check_last_words(ending);
  CHECK(mirror.differences().empty());
}

TEST_CASE("an unknown key of the configuration ends with 78 and the nearest known one") {
  const Scratch scratch;
  const auto config = scratch.file("mirror.toml", "[brake]\nmax_cuont = 5\n");
  const auto ending = ProgramFixture().run({"sync", "--config", config});
  CAPTURE(ending.output);
  CHECK(ending.code == 78);
  CHECK_THAT(ending.output, ContainsSubstring("brake.max_count"));
}

TEST_CASE("a wrong command line ends with 64") {
  const ProgramFixture mirror;
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"synk"},
                                                    {},
                                                    {"sync", "--no-such-flag"},
                                                    {"approve"},
                                                    {"approve", "first"},
                                                    {"discard", "0"}}) {
    const auto ending = mirror.run(arguments);
    CAPTURE(ending.output);
    CHECK(ending.code == 64);
    check_last_words(ending);
  }
}

TEST_CASE("held deletions end sync with 1, holds lists them, approve and discard decide, an unknown one ends with 64") {
  ProgramFixture mirror;
  REQUIRE(mirror.run({"sync"}).code == 0);
  erase_invitations(mirror, 6);
  const auto held = mirror.run({"sync", "--set", "brake.max_count=5", "--set", "brake.min_count=5"});
  CAPTURE(held.output);
  CHECK(held.code == 1);
  CHECK(mirror.database().count("SELECT count(*) FROM workos.invitations_live") == 30);

  const auto id = mirror.database().value("SELECT id FROM workos.holds WHERE state = 'open'");
  const auto list = mirror.run({"holds"});
  CHECK(list.code == 0);
  CHECK_THAT(list.output, ContainsSubstring(id + "  invitations  6 of 30 rows"));
  const auto unknown = mirror.run({"approve", "4711"});
  CHECK(unknown.code == 64);
  check_last_words(unknown);
  const auto approved = mirror.run({"approve", id});
  CAPTURE(approved.output);
  CHECK(approved.code == 0);
  CHECK_THAT(approved.output, ContainsSubstring("hold " + id + ": 6 rows deleted, 0 kept"));
  CHECK(mirror.differences().empty());
  CHECK(mirror.run({"discard", id}).code == 64);
  CHECK(mirror.run({"sync", "--set", "brake.max_count=5", "--set", "brake.min_count=5"}).code == 0);
}
