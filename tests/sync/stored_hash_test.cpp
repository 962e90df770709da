// The content hash does not depend on who spelled the object: WorkOS or jsonb, which prints it in its own way.

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "api/object_decoder.hpp"
#include "model/streams.hpp"
#include "tests/catch.hpp"
#include "tests/harness/test_database.hpp"

namespace mirror::tests {
namespace {

struct Recorded {
  const char* name;
  const char* table;
  const char* completion;
};

std::string recorded(const std::string& name) {
  std::ifstream file(fmt::format("{}/{}.json", TEST_DATA_DIR, name));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("an object that comes back from the database has the hash of the object that was stored") {
  // Without its domains an organization would be no organization; they have rows of their own.
  const auto recorded_object = GENERATE(values<Recorded>({{"invitation", "invitations", ""},
                                                          {"organization", "organizations", R"("domains":[],)"},
                                                          {"organization_domain", "organization_domains", ""},
                                                          {"organization_membership", "organization_memberships", ""},
                                                          {"user", "users", ""}}));
  CAPTURE(recorded_object.name);
  harness::TestDatabase database;
  const auto* spec = find_table(recorded_object.table);
  REQUIRE(spec != nullptr);
  const auto stored = api::decode_object(recorded(recorded_object.name), *spec);
  REQUIRE(stored.found);
  const std::string raw(stored.row.raw(0));
  const auto printed = database.value(fmt::format("SELECT $tag${}$tag$::jsonb::text", raw));
  REQUIRE(printed != raw);
  const auto whole = fmt::format("{{{}{}", recorded_object.completion, std::string_view(printed).substr(1));
  CHECK(api::decode_object(whole, *spec).row.hash(0) == stored.row.hash(0));
}

}  // namespace mirror::tests
