#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "model/streams.hpp"
#include "tests/catch.hpp"
#include "tests/conformance/emulated_directory.hpp"
#include "tests/harness/child_process.hpp"
#include "tests/harness/test_database.hpp"
#include "tests/harness/truth_comparison.hpp"

namespace mirror::conformance {
namespace {

std::string content(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("authkit-mirror sync mirrors the emulator into an empty database, given only the key and the two addresses") {
  const Emulator emulator;
  EmulatedDirectory directory(emulator);
  const auto organization =
      directory.create("organizations", {{"name", "Foo"}, {"domain_data", {{{"domain", "foo.example"}}}}});
  const auto user = directory.create("users", {{"email", "a@foo.example"}});
  directory.create("organization_memberships", {{"organization_id", organization}, {"user_id", user}});
  directory.create("invitations", {{"email", "b@foo.example"}, {"organization_id", organization}});
  harness::TestDatabase database(harness::Content::nothing);
  const harness::TemporaryDirectory scratch;
  const auto output = scratch.path() / "output";

  harness::ChildProcess sync(
      {BINARY_DIR "/authkit-mirror", "sync"},
      {.output = output,
       .environment = {"DATABASE_URL=" + database.url(), "WORKOS_BASE_URL=" + emulator.base_url(),
                       "WORKOS_API_KEY=" + std::string(Emulator::api_key())}});
  const int exit_code = sync.wait();
  INFO(content(output));
  REQUIRE(exit_code == 0);
  for (const auto* table : all_tables()) {
    CHECK(harness::differences(database, *table, directory.list(table->name)) == std::vector<std::string>{});
    CHECK(database.count("SELECT count(*) FROM workos." + std::string(table->name) + "_live") == 1);
  }
  CHECK_THAT(content(output), !ContainsSubstring(std::string(Emulator::api_key())));
}

}  // namespace mirror::conformance
