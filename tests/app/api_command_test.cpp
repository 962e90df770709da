#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/answer_text.hpp"
#include "app/operation_input.hpp"
#include "tests/app/program.hpp"
#include "tests/app/shell.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"

namespace mirror::test {
namespace {

using Json = nlohmann::json;

/// The program beside a simulated WorkOS, without a database.
struct ApiFixture {
  ApiFixture() { workos.start(); }

  Ending run(std::vector<std::string> arguments, std::vector<std::string> first = {}) const {
    arguments.insert(arguments.begin(), "api");
    first.insert(first.end(), {"WORKOS_BASE_URL=" + workos.url(), "WORKOS_API_KEY=" + workos.options().api_key});
    return Program(arguments, first).end();
  }
  std::string file(const std::string& content) const {
    const auto path = scratch.path() / "value";
    std::ofstream(path) << content;
    return path.string();
  }

  simulator::Simulator workos{ProgramFixture::small()};
  harness::TemporaryDirectory scratch;
};

app::OperationInput words(std::vector<std::string> given) {
  return {std::move(given), std::nullopt};
}

}  // namespace

TEST_CASE("api calls an operation, with a password from a file, and prints what the API answered") {
  const ApiFixture fixture;
  const std::string password = "@" + fixture.file("correct horse\n");
  const Ending made = fixture.run({"users.create", "email=ada@acme.example", "password=" + password, "--json"});
  INFO(made.output);
  REQUIRE(made.code == 0);
  const std::string id = Json::parse(made.output).at("id");
  const Ending shown = fixture.run({"users.get", "id=" + id});
  CHECK(shown.code == 0);
  CHECK_THAT(shown.output, ContainsSubstring("email") && ContainsSubstring("ada@acme.example"));
  CHECK(fixture.run({"users.delete", "id=" + id}).output == "done\n");
  const Ending gone = fixture.run({"users.get", "id=" + id, "--json"});
  CHECK(gone.code == 1);
  CHECK_THAT(gone.output, ContainsSubstring("\"status\": 404") && ContainsSubstring("Next: Check the id"));
}

TEST_CASE("api --all prints a whole list as one JSON document, page by page") {
  ApiFixture fixture;
  const Ending ending = fixture.run({"users.list", "--all", "--json"});
  INFO(ending.output);
  REQUIRE(ending.code == 0);
  const Json list = Json::parse(ending.output);
  CHECK(list.at("data").size() == fixture.workos.truth("users").size());
  CHECK(list.at("list_metadata").at("after").is_null());
}

TEST_CASE("api says what is wrong with the command line before it asks anybody") {
  const ApiFixture fixture;
  for (const auto& [arguments, cause] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"users.gte", "id=1"}, "did you mean \"users.get\"?"},
           {{"users.get", "idd=1"}, "did you mean \"id\"?"},
           {{"users.get"}, "id is missing"},
           {{"users.get", "id"}, "NAME=VALUE"},
           {{"users.get", "id=1", "--all"}, "--all is for lists"},
           {{"users.list", "--all", "order=normal"}, "order=normal"},
           {{"users.create", "email=a", "password=geheim"}, "password is secret"},
           {{"users.update", "id=1", "email_verified=yes"}, "true or false"}}) {
    const Ending ending = fixture.run(arguments, {"WORKOS_BASE_URL=http://127.0.0.1:1"});
    INFO(ending.output);
    CHECK(ending.code == 64);
    CHECK_THAT(ending.output, ContainsSubstring(cause) && !ContainsSubstring("geheim"));
  }
  CHECK(fixture.run({"users.get", "id=1"}, {"WORKOS_API_KEY=sk_wrong"}).code == 77);
  CHECK(fixture.run({"users.get", "id=1"}, {"WORKOS_API_KEY="}).code == 78);
}

TEST_CASE("api shows the catalogue, an operation's parameters and a request, without a key or a server") {
  const ApiFixture fixture;
  const std::vector<std::string> alone{"WORKOS_API_KEY=", "WORKOS_BASE_URL=https://api.example"};
  CHECK_THAT(fixture.run({"list"}, alone).output, ContainsSubstring("POST /user_management/sessions/revoke"));
  CHECK(Json::parse(fixture.run({"list", "--json"}, alone).output).at("operations").size() > 50);
  const std::string help = fixture.run({"invitations.create", "--help"}, alone).output;
  CHECK_THAT(help, ContainsSubstring("email *") && ContainsSubstring("a whole number from 1 to 30") &&
                       ContainsSubstring("authkit-mirror api invitations.create email="));
  CHECK_THAT(fixture.run({"--help"}, alone).output, ContainsSubstring("--dry-run"));

  const std::string token = "@" + fixture.file("tok_1");
  const Ending dry =
      fixture.run({"password_reset.confirm", "token=" + token, "new_password=" + token, "--dry-run"}, alone);
  CHECK(dry.code == 0);
  CHECK_THAT(dry.output, ContainsSubstring("POST https://api.example/user_management/password_reset/confirm\n") &&
                             ContainsSubstring("Authorization: Bearer ***") && ContainsSubstring("Idempotency-Key: ") &&
                             !ContainsSubstring("tok_1"));
  const Json link = Json::parse(fixture
                                    .run({"authorization.url", "client_id=client_1", "redirect_uri=http://localhost/",
                                          "provider=authkit", "--pkce", "--json"},
                                         alone)
                                    .output);
  CHECK_THAT(link.at("url").get<std::string>(), ContainsSubstring("&code_challenge=") && ContainsSubstring("S256"));
  CHECK(link.at("code_verifier").get<std::string>().size() == 43);
}

TEST_CASE("api that is stopped before its answer does not exit with 0") {
  ApiFixture fixture;
  fixture.workos.arm({.name = "429-bare", .target = "users", .count = -1});
  Program program({"api", "users.list", "--all"},
                  {"WORKOS_BASE_URL=" + fixture.workos.url(), "WORKOS_API_KEY=" + fixture.workos.options().api_key});
  REQUIRE(harness::wait_until([&] {
    return fixture.workos.with(
        [](simulator::World& world) { return world.log.count("GET", "/user_management/users", 429) >= 1; });
  }));
  program.process().signal(SIGTERM);
  const Ending ending = program.end();
  INFO(ending.output);
  CHECK(ending.code == 75);
  CHECK_THAT(ending.output, ContainsSubstring("stopped before the answer was complete"));
}

TEST_CASE("api whose output can't be written fails with the cause, and one whose reader has gone asks for no more") {
  ApiFixture fixture;
  const std::vector<std::string> environment{"WORKOS_BASE_URL=" + fixture.workos.url(),
                                             "WORKOS_API_KEY=" + fixture.workos.options().api_key};
  const auto pages = [&] {
    return fixture.workos.with(
        [](simulator::World& world) { return world.log.count("GET", "/user_management/users", 200); });
  };
  for (const char* operation : {"users.list --all --json", "users.list --all", "users.list --json", "list"}) {
    const Ending full = run_shell(std::string("$program api ") + operation + " > /dev/full", environment);
    INFO(operation << ": " << full.output);
    CHECK(full.code == 69);
    CHECK_THAT(full.output, ContainsSubstring("standard output can't be written: No space left on device"));
  }
  const auto before = pages();
  // The reader closes its end before anything is written.
  const Ending gone = run_shell(
      "{ while ! test -e $scratch/closed; do sleep 0.01; done;"
      "  $program api users.list limit=10 --all; echo ended with $? >&2; } | { exec 0<&-; : > $scratch/closed; }",
      environment);
  CHECK(gone.output == "ended with 0\n");
  CHECK(pages() == before + 1);
}

TEST_CASE("a device whose code expired is begun anew, not repeated") {
  const ApiFixture fixture;
  const Ending ending = fixture.run({"device.authorize", "client_id=client_hurried", "--wait"});
  INFO(ending.output);
  CHECK(ending.code == 69);
  CHECK_THAT(ending.output, ContainsSubstring("nobody approved") && ContainsSubstring("Begin again") &&
                                !ContainsSubstring("--idempotency-key"));
}

TEST_CASE("values come from words, files, standard input and a JSON body, the words winning") {
  const auto& create = api::find_operation("users.create");
  std::istringstream secret("geheim\n");
  CHECK(app::read_input(create, words({"email=a@b", "password=-", "first_name=@@x"}), secret) ==
        nlohmann::ordered_json{{"email", "a@b"}, {"password", "geheim"}, {"first_name", "@x"}});
  std::istringstream body(R"({"email":"old","metadata":{"a":"b"}})");
  CHECK(app::read_input(create, {{"email=new"}, "-"}, body) ==
        nlohmann::ordered_json{{"email", "new"}, {"metadata", {{"a", "b"}}}});
  for (auto input : {words({"password=-", "email=-"}), words({"email=a", "email=b"}), words({"=a"}),
                     words({"email=@/nowhere"}), app::OperationInput{{}, "/nowhere"}}) {
    std::istringstream in("x");
    CHECK(harness::caught_error([&] { (void)app::read_input(create, input, in); }).fault() == Fault::usage);
  }
  std::istringstream list("[]");
  CHECK_THROWS_AS(app::read_input(create, {{}, "-"}, list), Error);
}

TEST_CASE("an answer for people names each value by its way and lets no terminal control through") {
  CHECK(app::answer_text({{"id", "u"}, {"user", {{"tags", {"a", "b"}}, {"n", nullptr}}}, {"list", {{{"x", 1}}}}}) ==
        "id         u\nuser.tags  [\"a\",\"b\"]\nuser.n     null\nlist[0].x  1\n");
  CHECK(app::answer_text({{"name", "a\x1b[2J\u202e"}}) == "name  \"a\\u001b[2J\\u202e\"\n");
}

}  // namespace mirror::test
