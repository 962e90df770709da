#include <CLI/CLI.hpp>
#include <memory>

#include "app/command.hpp"
#include "support/error.hpp"
#include "tests/catch.hpp"

using namespace mirror;
using namespace mirror::app;

namespace {

Invocation seen;

constinit const Command first{"first", "does this", "  authkit-mirror first", true, [](CLI::App& app) -> CommandBody {
                                auto number = std::make_shared<int>(0);
                                app.add_option("number", *number)->required();
                                return [number](const Invocation& invocation) {
                                  seen = invocation;
                                  return *number == 1 ? ExitCode::done : ExitCode::not_all_well;
                                };
                              }};
constinit const Command failing{
    "failing", "does that", "  authkit-mirror failing", false, [](CLI::App&) -> CommandBody {
      return [](const Invocation&) -> ExitCode { throw Error(Fault::unavailable, "the database is away", "start it"); };
    }};

ExitCode run(std::vector<const char*> words) {
  const std::vector<const Command*> commands{&first, &failing};
  words.insert(words.begin(), "authkit-mirror");
  seen = {};
  return run_command_line(commands, static_cast<int>(words.size()), words.data());
}

std::string usage_error(const std::vector<const char*>& words) {
  try {
    run(words);
  } catch (const Error& error) {
    REQUIRE(exit_code(error.fault()) == ExitCode::usage);
    return error.what();
  }
  FAIL("the command line was accepted");
  return {};
}

}  // namespace

TEST_CASE("the command that is named runs with its arguments and its exit code comes back") {
  REQUIRE(run({"first", "1"}) == ExitCode::done);
  REQUIRE(run({"first", "2"}) == ExitCode::not_all_well);
}

TEST_CASE("common flags may stand before and after the command") {
  run({"--config", "a.toml", "first", "1", "--json", "--set", "sync.parallel=1", "--set=log.level=debug", "--schema",
       "other"});
  REQUIRE(seen.config_file == "a.toml");
  REQUIRE(seen.json);
  REQUIRE(seen.settings == std::vector<std::string>{"sync.parallel=1", "log.level=debug", "database.schema=other"});
  run({"first", "1", "-c", "b.toml"});
  REQUIRE(seen.config_file == "b.toml");
}

TEST_CASE("every wrong line is a usage error") {
  usage_error({});
  usage_error({"first"});
  usage_error({"first", "x"});
  usage_error({"first", "1", "--nonsense"});
  usage_error({"failing", "--json"});
  REQUIRE_THAT(usage_error({"frist", "1"}), ContainsSubstring("did you mean \"first\"?"));
}

TEST_CASE("an error of a command keeps its exit code, an unknown exception is our bug") {
  try {
    run({"failing"});
    FAIL("no error");
  } catch (const Error& error) {
    REQUIRE(report_failure(error) == ExitCode::away);
  }
  REQUIRE(report_failure(std::runtime_error("surprise")) == ExitCode::bug);
}
