#include "tests/app/program.hpp"
#include "tests/catch.hpp"

using namespace mirror;
using namespace mirror::harness;
using namespace mirror::test;

// What a person types on the first day and when something looks wrong: check, config, status --watch.

TEST_CASE("check says whether the key belongs to the environment that is mirrored") {
  ProgramFixture mirror;
  REQUIRE(mirror.run({"migrate"}).code == 0);
  const auto empty = mirror.run({"check"});
  CAPTURE(empty.output);
  CHECK(empty.code == 0);
  CHECK_THAT(empty.output, ContainsSubstring("still empty"));

  REQUIRE(mirror.run({"sync"}).code == 0);
  CHECK_THAT(mirror.run({"check"}).output, ContainsSubstring("the key belongs to what is mirrored as 'default'"));

  // As if another environment's directory stood there.
  for (const auto* table : all_tables()) {
    mirror.database().execute("UPDATE workos." + std::string(table->name) + " SET id = 'other_' || id");
  }
  const auto foreign = mirror.run({"check"});
  CAPTURE(foreign.output);
  CHECK(foreign.code == 78);
  CHECK_THAT(foreign.output, ContainsSubstring("belongs to another WorkOS environment"));
}

TEST_CASE("config print needs neither API nor database and shows no secret, and config check lists every problem") {
  const ProgramFixture mirror;
  const std::vector<std::string> nowhere{"WORKOS_BASE_URL=http://127.0.0.1:1",
                                         "DATABASE_URL=postgresql://u:hush@127.0.0.1:1/d"};
  const auto printed = mirror.run({"config", "print", "--set", "sync.parallel=2"}, nowhere);
  CAPTURE(printed.output);
  CHECK(printed.code == 0);
  CHECK_THAT(printed.output, ContainsSubstring("sync.parallel") && ContainsSubstring("command line"));
  CHECK_THAT(printed.output, !ContainsSubstring("hush") && !ContainsSubstring(mirror.workos.options().api_key));

  CHECK(mirror.run({"config", "check"}, nowhere).code == 0);
  const auto wrong = mirror.run({"config", "check", "--set", "lease.ttl=1s", "--set", "sync.parallel=none"}, nowhere);
  CAPTURE(wrong.output);
  CHECK(wrong.code == 78);
  CHECK_THAT(wrong.output, ContainsSubstring("lease.ttl") && ContainsSubstring("sync.parallel"));
}

TEST_CASE("status --watch shows the mirror again and again, also while the database is away") {
  const ProgramFixture mirror;
  REQUIRE(mirror.run({"sync"}).code == 0);
  const auto watch = mirror.start({"status", "--watch"});
  const auto times_shown = [&] {
    const std::string all = watch->output();
    std::size_t count = 0;
    for (auto at = all.find("writer:"); at != std::string::npos; at = all.find("writer:", at + 1)) ++count;
    return count;
  };
  CHECK(wait_until([&] { return times_shown() >= 2; }));
  watch->process().signal(SIGINT);
  watch->end();

  const auto away = mirror.start({"status", "--watch"}, {"DATABASE_URL=postgresql://127.0.0.1:1/d"});
  CHECK(wait_until([&] { return away->has_printed("cannot connect to the database"); }));
  CHECK(away->process().is_running());
  away->process().signal(SIGINT);
  away->end();
}
