#include "tests/app/program.hpp"
#include "tests/catch.hpp"

using namespace mirror;
using namespace mirror::harness;
using namespace mirror::test;

// Who asks a daemon to do something needs no API key; who does it does.

namespace {

const std::vector<std::string> keyless{"WORKOS_API_KEY="};

}  // namespace

TEST_CASE("beside a running daemon, commands that it carries out need no API key") {
  ProgramFixture mirror;
  auto daemon = mirror.start({"run"});
  REQUIRE(wait_until([&] { return daemon->role() == "writer"; }));
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"sync"}, {"events", "retry"}, {"events", "replay", "--since", "1h"}}) {
    const Ending done = mirror.run(command, keyless);
    INFO(command.front() << ": " << done.output);
    CHECK(done.code == 0);
  }
  for (const char* decision : {"approve", "discard"}) {
    const Ending decided = mirror.run({decision, "99"}, keyless);
    INFO(decision << ": " << decided.output);
    CHECK(decided.code == 64);  // the daemon looked, and there is no such hold
    CHECK_THAT(decided.output, !ContainsSubstring("API key"));
  }
}

TEST_CASE("without a daemon, a command without an API key says what is missing, and holds no lease afterwards") {
  ProgramFixture mirror;
  REQUIRE(mirror.run({"migrate"}).code == 0);
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"sync"}, {"events", "retry"}, {"discard", "1"}}) {
    const Ending refused = mirror.run(command, keyless);
    INFO(command.front() << ": " << refused.output);
    CHECK(refused.code == 78);
    CHECK_THAT(refused.output, ContainsSubstring("no daemon writes environment 'default'") &&
                                   ContainsSubstring("Next: Start the daemon, or give this command the key"));
    CHECK(mirror.holder().empty());
  }
  const Ending fresh = ProgramFixture{}.run({"sync"}, keyless);
  CHECK(fresh.code == 78);  // an older daemon beside a new schema would stop: nobody migrates who can't go on
}

TEST_CASE("verify and check say that they ask WorkOS themselves and need the API key") {
  ProgramFixture mirror;
  REQUIRE(mirror.run({"migrate"}).code == 0);
  const Ending verify = mirror.run({"verify"}, keyless);
  CHECK(verify.code == 78);
  CHECK_THAT(verify.output, ContainsSubstring("there is no WorkOS API key, and verify reads WorkOS itself"));
  const Ending check = mirror.run({"check"}, keyless);
  CHECK(check.code == 78);
  CHECK_THAT(check.output, ContainsSubstring("there is none, and this command asks WorkOS itself"));
}

TEST_CASE("api needs no API key where a device or a public client asks, and any other operation does") {
  ProgramFixture mirror;
  for (const char* flag : {"--json", "--public-client"}) {
    const Ending authorized = mirror.run({"api", "device.authorize", "client_id=client_01", flag}, keyless);
    INFO(authorized.output);
    CHECK(authorized.code == 0);
    CHECK_THAT(authorized.output, ContainsSubstring("device_code"));
  }
  const Ending polled = mirror.run({"api", "device.authorize", "client_id=client_hurried", "--wait"}, keyless);
  INFO(polled.output);
  CHECK(polled.code == 69);
  CHECK_THAT(polled.output, ContainsSubstring("nobody approved"));
  const Ending secret = mirror.run({"api", "users.list"}, keyless);
  CHECK(secret.code == 78);
  CHECK_THAT(secret.output, ContainsSubstring("there is no WorkOS API key"));
  CHECK(mirror.run({"api", "users.list", "--public-client"}, keyless).code == 64);
}
