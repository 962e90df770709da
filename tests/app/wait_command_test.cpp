// Reading one's own writes by commands, beside a daemon that follows a simulated WorkOS.

#include <nlohmann/json.hpp>

#include "app/write_wait.hpp"
#include "tests/app/program.hpp"
#include "tests/catch.hpp"

using namespace mirror;
using namespace mirror::harness;
using namespace mirror::test;
using Json = nlohmann::json;

namespace {

/// A daemon that has mirrored everything and follows events.
struct FollowedFixture : ProgramFixture {
  explicit FollowedFixture(Way way = Way::direct) : ProgramFixture(small(), way) {
    daemon = start({"run"});
    const bool follows = wait_until([&] {
      return database().value("SELECT to_regclass('workos.freshness') IS NOT NULL") == "t" &&
             database().count("SELECT count(*) FROM workos.freshness WHERE state = 'followed'") == 4;
    });
    if (!follows) throw std::runtime_error("the daemon does not follow events: " + daemon->output());
  }

  /// What the API answered, which comes before anything that a wait says.
  Ending write(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "api");
    return run(arguments);
  }

  std::unique_ptr<Program> daemon;
};

std::string first_name(ProgramFixture& mirror, const std::string& id) {
  return mirror.database().value("SELECT first_name FROM workos.users_live WHERE id = '" + id + "'");
}

}  // namespace

TEST_CASE("api --wait ends when the mirror shows what was written: a creation, a change, a deletion") {
  FollowedFixture mirror(GENERATE(Way::direct, Way::pooled));
  const Ending made =
      mirror.write({"users.create", "email=ada@acme.example", "first_name=Ada", "--json", "--wait=60s"});
  INFO(made.output);
  REQUIRE(made.code == 0);
  const std::string id = Json::parse(made.output).at("id");
  CHECK(first_name(mirror, id) == "Ada");

  const Ending changed = mirror.write({"users.update", "id=" + id, "first_name=Eva", "--json", "--wait=60s"});
  REQUIRE(changed.code == 0);
  CHECK(first_name(mirror, id) == "Eva");
  const std::string updated_at = Json::parse(changed.output).at("updated_at");
  CHECK(mirror.run({"wait", "--user", id, "--updated-after", updated_at}).output == "seen\n");
  const Answer answer = mirror.daemon->ask("/v1/wait?user=" + id + "&updated_after=" + updated_at);
  CHECK(answer.status == 200);

  REQUIRE(mirror.write({"users.delete", "id=" + id, "--wait=60s"}).code == 0);
  CHECK(mirror.database().count("SELECT count(*) FROM workos.users WHERE id = '" + id +
                                "' AND _deleted_at IS NOT NULL") == 1);
  const Ending gone = mirror.run({"wait", "--user", id, "--updated-after", "2090-01-01T00:00:00Z", "--json"});
  CHECK(gone.code == 0);
  CHECK(Json::parse(gone.output) == Json{{"seen", true}, {"deleted", true}});
  const std::string event =
      mirror.database().value("SELECT id FROM workos.events WHERE object_id = '" + id + "' AND type = 'user.deleted'");
  CHECK(mirror.run({"wait", "--event", event}).output == "seen\n");
}

TEST_CASE("api --wait finds the user in the answer to a confirmation") {
  FollowedFixture mirror;
  const Json user = Json::parse(mirror.workos.truth("users").front());
  const std::string id = user.at("id");
  REQUIRE(mirror.write({"email_change.send", "id=" + id, "new_email=new@acme.example"}).code == 0);
  const TemporaryDirectory scratch;
  const std::string code = (scratch.path() / "code").string();
  std::ofstream(code) << simulator::one_time_code;
  const Ending confirmed = mirror.write({"email_change.confirm", "id=" + id, "code=@" + code, "--wait=60s"});
  INFO(confirmed.output);
  CHECK(confirmed.code == 0);
  CHECK_THAT(confirmed.output, !ContainsSubstring("nothing to wait for"));
  CHECK(mirror.database().value("SELECT email FROM workos.users_live WHERE id = '" + id + "'") == "new@acme.example");
}

TEST_CASE("what a write's answer shows of a mirrored object is waited for") {
  const Json user{{"object", "user"}, {"id", "user_1"}, {"updated_at", "2026-03-01T12:00:00.123Z"}};
  for (const char* name : {"email_verification.confirm", "email_change.confirm", "password_reset.confirm"}) {
    INFO(name);
    const api::Operation& confirm = api::find_operation(name);
    CHECK(app::writes_mirrored_object(confirm));
    const auto awaited = app::awaited_after(confirm, {{"id", "user_1"}}, {{"user", user}});
    REQUIRE(awaited);
    CHECK(awaited->id == "user_1");
    CHECK(awaited->updated_after == parse_instant("2026-03-01T12:00:00.123Z"));
  }
  const api::Operation& enrol = api::find_operation("factors.create");
  CHECK_FALSE(app::awaited_after(enrol, {}, {{"authentication_factor", {{"id", "auth_factor_1"}}}}));
  CHECK_FALSE(app::awaited_after(enrol, {}, nullptr));
}

TEST_CASE(
    "a wait that is not answered in time ends with 75 and says why, and a write's answer is printed all the same") {
  ProgramFixture mirror(ProgramFixture::small(), Way::direct, Content::migrated_schema);
  const Ending made = mirror.run({"api", "users.create", "email=ada@acme.example", "--wait=1ms"});
  CHECK(made.code == 75);
  CHECK_THAT(made.output, ContainsSubstring("ada@acme.example") && ContainsSubstring("WorkOS has done it") &&
                              ContainsSubstring("was never mirrored"));
  const Ending waited = mirror.run({"wait", "--event", "event_1", "--timeout", "1ms"});
  CHECK(waited.code == 75);
  CHECK_THAT(waited.output, ContainsSubstring("did not show it within 1ms: environment default was never mirrored"));
}

TEST_CASE("wait and --wait say what is wrong with their line, before anything is written") {
  ProgramFixture mirror(ProgramFixture::small(), Way::direct, Content::migrated_schema);
  const auto users = mirror.workos.truth("users").size();
  for (const auto& [arguments, cause] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"wait"}, "what to wait for is missing"},
           {{"wait", "--event", "event_1", "--user", "user_1"}, "too much of it"},
           {{"wait", "--user", "user_1", "--invitation", "invitation_1"}, "only one object"},
           {{"wait", "--user", "user_1", "--updated-after", "soon"}, "--updated-after soon"},
           {{"wait", "--event", "event_1", "--updated-after", "2026-03-01T00:00:00Z"}, "--updated-after"},
           {{"wait", "--user", "user_1", "--timeout", "long"}, "--timeout long"},
           {{"api", "users.get", "id=user_1", "--wait"}, "--wait is for"},
           {{"api", "users.create", "email=a@acme.example", "--wait=long"}, "--wait=long is no duration"}}) {
    const Ending ending = mirror.run(arguments);
    INFO(ending.output);
    CHECK(ending.code == 64);
    CHECK_THAT(ending.output, ContainsSubstring(cause));
  }
  const Ending away =
      mirror.run({"api", "users.create", "email=a@acme.example", "--wait"}, {"DATABASE_URL=host=/nowhere dbname=none"});
  CHECK(away.code == 69);
  CHECK(mirror.workos.truth("users").size() == users);
}
