#include <sys/stat.h>

#include "model/event_types.hpp"
#include "tests/app/program.hpp"
#include "tests/catch.hpp"

namespace mirror::test {
namespace {

using Json = nlohmann::json;

const std::string address = "https://mirror.example/webhooks/workos";

struct WebhookFixture {
  WebhookFixture() { workos.start(); }

  Ending run(std::vector<std::string> arguments, const std::vector<std::string>& settings = {}) const {
    arguments.insert(arguments.begin(), "webhook");
    arguments.insert(arguments.end(), settings.begin(), settings.end());
    return Program(arguments, {"WORKOS_BASE_URL=" + workos.url(), "WORKOS_API_KEY=" + workos.options().api_key}).end();
  }
  Json endpoints() const { return Json::parse(run({"list", "--json"}).output).at("endpoints"); }
  std::string secrets() const {
    std::ifstream in(secret_file);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  simulator::Simulator workos{ProgramFixture::small()};
  harness::TemporaryDirectory scratch;
  const std::string secret_file = (scratch.path() / "secret").string();
};

}  // namespace

TEST_CASE("webhook registers our endpoint once, for exactly the types that are followed, its secret in a file") {
  const WebhookFixture fixture;
  const Ending made = fixture.run({"register", address, "--secret-file", fixture.secret_file});
  INFO(made.output);
  REQUIRE(made.code == 0);
  Json wanted = Json::array();
  for (const auto& type : mirrored_event_types()) wanted.push_back(type.name);
  REQUIRE(fixture.endpoints().size() == 1);
  CHECK(fixture.endpoints()[0].at("events") == wanted);
  CHECK(fixture.endpoints()[0].at("endpoint_url") == address);
  CHECK(fixture.secrets() == "whsec_" + fixture.endpoints()[0].at("id").get<std::string>() + "\n");
  CHECK_THAT(made.output, !ContainsSubstring("whsec_"));
  struct stat file {};
  REQUIRE(::stat(fixture.secret_file.c_str(), &file) == 0);
  CHECK((file.st_mode & 0777) == 0600);
  CHECK_THAT(fixture.run({"list"}).output, ContainsSubstring("exactly ours"));

  const std::vector<std::string> more{"--set", "events.also=session.created"};
  CHECK_THAT(fixture.run({"list"}, more).output, ContainsSubstring("1 of ours lacking, 0 not ours"));
  CHECK(fixture.run({"register", address}, more).code == 0);
  REQUIRE(fixture.endpoints().size() == 1);
  CHECK(fixture.endpoints()[0].at("events").size() == wanted.size() + 1);
}

TEST_CASE("webhook rotates to a new secret beside which the old one stays valid, and deletes") {
  const WebhookFixture fixture;
  fixture.run({"register", address, "--secret-file", fixture.secret_file});
  const std::string old = fixture.endpoints()[0].at("id");
  const Ending rotated = fixture.run({"rotate", old, "--secret-file", fixture.secret_file});
  INFO(rotated.output);
  REQUIRE(rotated.code == 0);
  REQUIRE(fixture.endpoints().size() == 1);
  const std::string id = fixture.endpoints()[0].at("id");
  CHECK(id != old);
  CHECK(fixture.secrets() == "whsec_" + id + "\nwhsec_" + old + "\n");
  CHECK(fixture.run({"delete", id}).code == 0);
  CHECK(fixture.endpoints().empty());
  CHECK(fixture.run({"rotate", id}).code == 64);
}

TEST_CASE("webhook makes nothing at WorkOS whose secret could not be kept") {
  const WebhookFixture fixture;
  std::ofstream(fixture.secret_file) << "whsec_in_use";
  CHECK(fixture.run({"register", address, "--secret-file", fixture.secret_file}).code == 64);
  CHECK(fixture.run({"register", address, "--secret-file", "/nowhere/secret"}).code == 78);
  CHECK(fixture.run({"register", "http://mirror.example/webhooks/workos"}).code == 64);
  CHECK(fixture.run({"register"}).code == 64);
  CHECK(fixture.endpoints().empty());
  CHECK(fixture.secrets() == "whsec_in_use");
}

TEST_CASE("webhook registers nothing if it can't even look at the place of the secret") {
  const WebhookFixture fixture;
  // As a folder that is another user's: not to be seen into, also by root, for whom tests may run.
  const std::string loop = (fixture.scratch.path() / "loop").string();
  std::filesystem::create_directory_symlink(loop, loop);
  const std::string file = loop + "/workos_webhook_secret";
  const Ending refused = fixture.run({"register", address, "--secret-file", file});
  INFO(refused.output);
  CHECK(refused.code == 78);
  CHECK_THAT(refused.output, ContainsSubstring(file + ": can't be looked at: ") && ContainsSubstring("sudo"));
  CHECK(fixture.endpoints().empty());
}

TEST_CASE("webhook register needs a key's file only, also if webhooks have a listener of their own already") {
  const WebhookFixture fixture;
  const std::string key = (fixture.scratch.path() / "api_key").string();
  const std::string config = (fixture.scratch.path() / "mirror.toml").string();
  std::ofstream(key) << fixture.workos.options().api_key << "\n";
  std::ofstream(config) << "[webhook]\nlisten = \"127.0.0.1:8465\"\n";
  const std::vector<std::string> base_url{"WORKOS_BASE_URL=" + fixture.workos.url()};
  const auto run = [&](std::vector<std::string> command) {
    for (const std::string& more :
         {std::string("--config"), config, std::string("--set"), "api.key_file=" + key, std::string("--set"),
          std::string("webhook.listen="), std::string("--secret-file"), fixture.secret_file}) {
      command.push_back(more);
    }
    return Program(command, base_url).end();
  };
  const Ending made = run({"webhook", "register", address});
  INFO(made.output);
  REQUIRE(made.code == 0);
  const std::string id = fixture.endpoints().at(0).at("id");
  CHECK(fixture.secrets() == "whsec_" + id + "\n");
  CHECK(run({"webhook", "rotate", id}).code == 0);
}

TEST_CASE("webhook test sends a signed event that the daemon commits, and says why if it does not") {
  const std::string secret = "WORKOS_WEBHOOK_SECRET=whsec_simulator";
  ProgramFixture mirror;
  auto daemon = mirror.start({"run"}, {secret});
  REQUIRE(harness::wait_until([&] { return daemon->role() == "writer"; }));
  const std::string mark = "health at ";
  const std::string all = daemon->output();
  const auto begin = all.find(mark) + mark.size();
  const std::string url = all.substr(begin, all.find("/healthz", begin) - begin) + "/webhooks/workos";

  const Ending sent = mirror.run({"webhook", "test", url}, {secret});
  INFO(sent.output);
  CHECK(sent.code == 0);
  CHECK(mirror.database().count("SELECT count(*) FROM workos.events WHERE type = 'authkit_mirror.test'") == 1);
  const Ending refused = mirror.run({"webhook", "test", url}, {"WORKOS_WEBHOOK_SECRET=whsec_other"});
  CHECK(refused.code == 77);
  CHECK_THAT(refused.output, ContainsSubstring("another secret") && ContainsSubstring("Next: Give the daemon"));
  CHECK(mirror.run({"webhook", "test", "http://127.0.0.1:1/webhooks/workos"}, {secret}).code == 69);
  CHECK(mirror.run({"webhook", "test", url}).code == 78);
}

}  // namespace mirror::test
