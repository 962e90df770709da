#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/catch.hpp"
#include "tests/conformance/emulated_mirror.hpp"
#include "tests/harness/caught_error.hpp"

namespace mirror::conformance {
namespace {

using nlohmann::json;
using Ids = std::vector<std::string>;

constexpr std::size_t organization_count = 12;
/// Three pages of a list.
constexpr std::size_t user_count = 260;
/// Two pages, and more than the brake lets go.
constexpr std::size_t members_of_largest = 110;
constexpr std::size_t members_of_others = 6;

/// What the tests make, each kind in the order of creation. The first organization is the largest, the last but one has
/// a single membership, the last has none.
struct Population {
  Ids organizations;
  Ids users;
  Ids memberships;  ///< those of the largest organization first
  Ids invitations;  ///< of an organization each, but the last two

  [[nodiscard]] const std::string& only_membership() const { return memberships.back(); }
};

std::string path_of(std::string_view table, const std::string& id) {
  return fmt::format("/{}{}/{}", table == "organizations" ? "" : "user_management/", table, id);
}

std::string membership_path(const std::string& id) {
  return path_of("organization_memberships", id);
}

void create_organizations(EmulatedDirectory& directory, Population& made) {
  for (std::size_t i = 0; i < organization_count; ++i) {
    json organization{{"name", fmt::format("Organization {} \u00e9\u4e16", i)}, {"domain_data", json::array()}};
    for (std::size_t domain = 0; domain < i % 4; ++domain) {
      organization["domain_data"].push_back(
          {{"domain", fmt::format("d{}.o{}.example", domain, i)}, {"state", domain == 0 ? "verified" : "pending"}});
    }
    if (i % 3 == 0) organization["external_id"] = fmt::format("external-{}", i);
    if (i % 2 == 0) organization["metadata"] = {{"plan", "pro"}, {"quote", "\"\\\t,{}\n"}};
    made.organizations.push_back(directory.create("organizations", organization));
  }
}

void create_users(EmulatedDirectory& directory, Population& made) {
  for (std::size_t i = 0; i < user_count; ++i) {
    json user{{"email", fmt::format("u{}@example.com", i)}, {"email_verified", i % 2 == 0}};
    if (i % 3 != 0) user["first_name"] = fmt::format("First \u00df {}", i);
    if (i % 5 != 0) user["last_name"] = "O'Last\\N";
    if (i % 7 == 0) user["external_id"] = std::to_string(i);
    if (i % 4 == 0) user["metadata"] = {{"team", fmt::format("{}", i % 9)}};
    made.users.push_back(directory.create("users", user));
  }
}

void create_memberships(EmulatedDirectory& directory, Population& made) {
  const auto join = [&](std::size_t organization, std::size_t user) {
    made.memberships.push_back(
        directory.create("organization_memberships", {{"organization_id", made.organizations[organization]},
                                                      {"user_id", made.users[user]},
                                                      {"role_slug", user % 10 == 0 ? "admin" : "member"}}));
  };
  for (std::size_t user = 0; user < members_of_largest; ++user) join(0, user);
  for (std::size_t organization = 1; organization < organization_count - 2; ++organization) {
    for (std::size_t i = 0; i < members_of_others; ++i) join(organization, organization * 20 + i);
  }
  join(organization_count - 2, user_count - 1);
  for (std::size_t i = 0; i < 8; ++i) directory.put(membership_path(made.memberships[i]) + "/deactivate");
}

void create_invitations(EmulatedDirectory& directory, Population& made) {
  for (std::size_t i = 0; i < 10; ++i) {
    made.invitations.push_back(directory.create("invitations", {{"email", fmt::format("i{}@example.com", i)},
                                                                {"organization_id", made.organizations[i]},
                                                                {"inviter_user_id", made.users[i]},
                                                                {"role_slug", "member"}}));
  }
  for (const char* email : {"x@example.com", "y@example.com"}) {
    made.invitations.push_back(directory.create("invitations", {{"email", email}}));
  }
}

Population populate(EmulatedDirectory& directory) {
  Population made;
  create_organizations(directory, made);
  create_users(directory, made);
  create_memberships(directory, made);
  create_invitations(directory, made);
  return made;
}

/// One of everything that can be changed, and how the emulator changes it.
void change(EmulatedDirectory& directory, const Population& made) {
  directory.put(path_of("organizations", made.organizations[0]),
                {{"name", "Renamed"}, {"metadata", {{"plan", "basic"}}}});
  // One domain goes, one stays, one comes.
  directory.put(path_of("organizations", made.organizations[2]),
                {{"domain_data", {{{"domain", "d1.o2.example"}}, {{"domain", "new.example"}, {"state", "verified"}}}}});
  directory.put(path_of("organizations", made.organizations[3]), {{"external_id", nullptr}});
  for (std::size_t i = 0; i < user_count; i += 50) {
    directory.put(path_of("users", made.users[i]), {{"first_name", "Changed"}, {"metadata", {{"k", "v"}}}});
  }
  directory.put(path_of("users", made.users[1]), {{"first_name", nullptr}, {"email_verified", true}});
  directory.put(membership_path(made.memberships[0]) + "/reactivate");
  directory.put(membership_path(made.memberships[20]) + "/deactivate");
  directory.put(membership_path(made.memberships[21]), {{"role_slug", "admin"}});
  directory.post(path_of("invitations", made.invitations[0]) + "/revoke");
  directory.post(path_of("invitations", made.invitations[1]) + "/accept");
  directory.post(path_of("invitations", made.invitations[2]) + "/resend");
  directory.create("users", {{"email", "late@example.com"}});
}

/// A change of a domain shows in its organization, whose `updated_at` does not move.
void change_domains(EmulatedDirectory& directory) {
  Ids pending;
  for (const auto& text : directory.list("organization_domains")) {
    const auto domain = json::parse(text);
    if (domain.at("state") == "pending") pending.push_back(domain.at("id"));
  }
  REQUIRE(pending.size() > 2);
  directory.post("/organization_domains/" + pending[0] + "/verify");
  directory.remove("/organization_domains/" + pending[1]);
}

/// Counts of rows that `sync` wrote, of all streams.
std::int64_t written(const std::vector<sync::StreamResult>& results) {
  std::int64_t rows = 0;
  for (const auto& result : results) {
    const auto& counts = result.snapshot.value().counts;
    rows += counts.inserted + counts.changed + counts.deleted;
  }
  return rows;
}

std::int64_t dead(EmulatedMirror& mirror, const std::string& table) {
  return mirror.database.count("SELECT count(*) FROM workos." + table + " WHERE _deleted_at IS NOT NULL");
}

/// How the row of a membership died; "NULL" while it lives.
std::string cause_of_death(EmulatedMirror& mirror, const std::string& membership) {
  return mirror.database.value("SELECT _deleted_by FROM workos.organization_memberships WHERE id = '" + membership +
                               "'");
}

}  // namespace

TEST_CASE("everything that the emulator lists is mirrored, column by column, without its secrets") {
  EmulatedMirror mirror;
  populate(mirror.directory);

  const auto results = mirror.sync();
  REQUIRE(EmulatedMirror::all_certified(results));
  CHECK(mirror.differences() == Ids{});
  CHECK(mirror.finding_codes().empty());
  CHECK(EmulatedMirror::of(results, "users").snapshot->counts.inserted == user_count);
  CHECK(mirror.database.count("SELECT count(*) FROM workos.organization_memberships_live WHERE status = 'inactive'") ==
        8);
  CHECK(mirror.database.count(
            "SELECT count(*) FROM workos.invitations WHERE _raw::text ~ '\"(token|accept_invitation_url)\"'") == 0);
  CHECK(mirror.database.count("SELECT count(*) FROM workos.organization_domains WHERE _raw ? 'verification_token'") ==
        0);
}

TEST_CASE("what changes in the emulator is changed by the next sync, and the one after finds nothing to do") {
  EmulatedMirror mirror;
  const auto made = populate(mirror.directory);
  REQUIRE(EmulatedMirror::all_certified(mirror.sync()));

  change(mirror.directory, made);
  change_domains(mirror.directory);
  REQUIRE(!mirror.differences().empty());
  REQUIRE(EmulatedMirror::all_certified(mirror.sync()));
  CHECK(mirror.differences() == Ids{});
  CHECK(dead(mirror, "organization_domains") == 2);

  const auto last = mirror.sync();
  REQUIRE(EmulatedMirror::all_certified(last));
  CHECK(written(last) == 0);
  CHECK(EmulatedMirror::of(last, "users").snapshot->counts.unchanged == user_count + 1);
}

TEST_CASE("what is deleted in the emulator is deleted by the next sync, with all that belonged to it") {
  EmulatedMirror mirror;
  const auto made = populate(mirror.directory);
  REQUIRE(EmulatedMirror::all_certified(mirror.sync()));

  // A user of the largest organization, one in no organization, an organization with members and domains, single
  // memberships, an invitation.
  mirror.directory.remove(path_of("users", made.users[5]));
  mirror.directory.remove(path_of("users", made.users[250]));
  mirror.directory.remove(path_of("organizations", made.organizations[3]));
  mirror.directory.remove(membership_path(made.memberships[50]));
  mirror.directory.remove(membership_path(made.only_membership()));
  mirror.directory.remove(path_of("invitations", made.invitations[4]));
  const auto results = mirror.sync();

  REQUIRE(EmulatedMirror::all_certified(results));
  CHECK(mirror.differences() == Ids{});
  CHECK(dead(mirror, "organizations") == 1);
  CHECK(dead(mirror, "organization_domains") == 3);
  CHECK(dead(mirror, "users") == 2);
  CHECK(dead(mirror, "organization_memberships") == 1 + members_of_others + 2);
  // An invitation outlives its organization there, so it does here.
  CHECK(dead(mirror, "invitations") == 1);
  CHECK(cause_of_death(mirror, made.only_membership()) == "sweep");
  CHECK(written(mirror.sync()) == 0);
}

TEST_CASE("an organization deleted with more members than the brake lets go waits for a person") {
  EmulatedMirror mirror;
  const auto made = populate(mirror.directory);
  REQUIRE(EmulatedMirror::all_certified(mirror.sync()));
  mirror.directory.remove(path_of("organizations", made.organizations[0]));

  // The emulator lists no members of an organization that is gone; that is no reason to doubt the other lists.
  REQUIRE(EmulatedMirror::all_certified(mirror.sync()));
  CHECK(dead(mirror, "organizations") == 0);
  CHECK(dead(mirror, "organization_memberships") == 0);
  REQUIRE(mirror.database.count("SELECT count(*) FROM workos.holds WHERE state = 'open'") == 1);
  const auto hold = mirror.database.count("SELECT min(id) FROM workos.holds WHERE state = 'open'");
  mirror.make_engine()->approve(static_cast<int>(hold), "test", {});
  CHECK(mirror.differences() == Ids{});
  CHECK(dead(mirror, "organization_memberships") == members_of_largest);
}

TEST_CASE("an emulator with another directory, or started again and empty, is refused and changes nothing") {
  EmulatedMirror mirror;
  populate(mirror.directory);
  REQUIRE(EmulatedMirror::all_certified(mirror.sync()));
  const Emulator other;
  if (GENERATE(true, false)) populate(*std::make_unique<EmulatedDirectory>(other));
  const auto changes = mirror.database.count("SELECT count(*) FROM workos.snapshots");

  mirror.api_options.base_url = other.base_url();
  const Error error = harness::caught_error([&] { mirror.sync(); });
  CHECK(error.fault() == Fault::misconfigured);
  CHECK_THAT(error.what(), ContainsSubstring("another WorkOS environment"));
  CHECK(mirror.differences() == Ids{});
  CHECK(mirror.database.count("SELECT count(*) FROM workos.snapshots") == changes);
}

TEST_CASE("a sync that meets the emulator's limit of requests waits as told and then completes") {
  EmulatedMirror mirror;
  populate(mirror.directory);
  // Enough to be in the midst of the users.
  mirror.directory.spend_quota_but(4);

  REQUIRE(EmulatedMirror::all_certified(mirror.sync()));
  CHECK(mirror.client().statistics().rate_limited > 0);
  CHECK(mirror.differences() == Ids{});
}

}  // namespace mirror::conformance
