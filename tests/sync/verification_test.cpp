// What `verify` finds, and what it does not take for a difference.

#include "sync/verification.hpp"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "model/streams.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/sync/hold_fixture.hpp"
#include "tests/sync/scene.hpp"

using namespace mirror;
using namespace mirror::tests;
using harness::caught_error;
using harness::MirrorFixture;
using simulator::Kind;
using sync::DifferenceKind;

namespace {

const simulator::WriteOptions silently{.event = false};
using Findings = std::set<std::pair<std::string, std::string>>;

/// A clock that lets something happen during a pause.
class EventfulClock final : public Clock {
 public:
  std::function<void(int pause)> during_pause = [](int) {};

  [[nodiscard]] TimePoint now() const override { return clock_.now(); }
  [[nodiscard]] Instant wall() const override { return clock_.wall(); }
  bool wait_until(TimePoint when, const std::stop_token& stop) override {
    during_pause(++pauses_);
    return clock_.wait_until(when, stop);
  }
  [[nodiscard]] int pauses() const { return pauses_; }

 private:
  ManualClock clock_{ManualClock::Waits::are_skipped};
  int pauses_ = 0;
};

/// A verification of a mirror, with connections and an API client of its own, as the command has.
class Verifier {
 public:
  explicit Verifier(MirrorFixture& mirror)
      : options_(mirror.options),
        api_(api::make_api_client(mirror.api_options, api_clock_)),
        reader_(mirror.database.options(), mirror.options.environment) {}

  std::vector<sync::TableComparison> run() { return verification().run(never_); }
  std::vector<sync::TableComparison> run_again(const std::vector<sync::TableComparison>& earlier) {
    return verification().run_again(earlier, never_);
  }

  EventfulClock clock;
  sync::VerificationOptions options;

 private:
  sync::Verification verification() { return {api_, reader_, options_, clock, board_, options}; }

  const std::stop_token never_;
  const sync::SyncOptions options_;
  ManualClock api_clock_{ManualClock::Waits::are_skipped};
  api::DirectoryApi api_;
  db::MirrorReader reader_;
  sync::StatusBoard board_{clock};
};

/// "missing users" and the like, with the id.
Findings findings(const std::vector<sync::TableComparison>& tables) {
  Findings all;
  for (const auto& table : tables) {
    for (const auto& each : table.differences) {
      all.emplace(std::string(to_string(each.kind)) + " " + std::string(table.table->name), each.object.id);
    }
  }
  return all;
}

bool is_equal(const std::vector<sync::TableComparison>& tables) {
  return std::ranges::all_of(tables, &sync::TableComparison::is_equal);
}

const sync::TableComparison& of(const std::vector<sync::TableComparison>& tables, std::string_view table) {
  return *std::ranges::find_if(tables, [&](const auto& each) { return each.table->name == table; });
}

struct VerifiedScene : Scene {
  explicit VerifiedScene(const simulator::SeedOptions& directory = small_directory()) : Scene(directory) {
    REQUIRE(MirrorFixture::all_certified(sync()));
    // Lists and reads are later than the load.
    pass(std::chrono::seconds{5});
  }

  void execute(const std::string& sql) { mirror.database.execute(sql); }
  std::string any(const std::string& table) {
    return value("SELECT id FROM workos." + table + "_live ORDER BY created_at OFFSET 40 LIMIT 1");
  }
  void rename(const std::string& user, const std::string& name) {
    with_store([&](simulator::Store& store) { store.update(Kind::users, user, {{"first_name", name}}, silently); });
  }
};

}  // namespace

TEST_CASE("a mirror that is equal is found equal at first sight, with every object compared") {
  VerifiedScene scene;
  Verifier verifier(scene.mirror);
  const auto result = verifier.run();
  CHECK(is_equal(result));
  CHECK(findings(result).empty());
  CHECK(verifier.clock.pauses() == 0);
  REQUIRE(result.size() == all_tables().size());
  for (std::size_t i = 0; i < result.size(); ++i) {
    CHECK(result[i].table == all_tables()[i]);
    CHECK(result[i].compared == static_cast<std::int64_t>(scene.workos.truth(result[i].table->name).size()));
  }
}

TEST_CASE("rows that the mirror lacks or calls dead are missing, in every table") {
  VerifiedScene scene;
  Findings expected;
  for (const auto* table : all_tables()) {
    const std::string name(table->name);
    const auto ids =
        scene.mirror.database.rows("SELECT id FROM workos." + name + "_live ORDER BY created_at DESC LIMIT 2");
    REQUIRE(ids.size() == 2);
    scene.execute("DELETE FROM workos." + name + " WHERE id = '" + ids[0][0] + "'");
    scene.execute("UPDATE workos." + name + " SET _deleted_at = now(), _deleted_by = 'sweep' WHERE id = '" + ids[1][0] +
                  "'");
    for (const auto& id : ids) expected.emplace("missing " + name, id[0]);
  }
  Verifier verifier(scene.mirror);
  const auto result = verifier.run();
  CHECK(findings(result) == expected);
  CHECK_FALSE(is_equal(result));
  CHECK(verifier.clock.pauses() == 3);
}

TEST_CASE("objects that vanished silently are extra, with what hung on them") {
  VerifiedScene scene;
  const auto organization = scene.largest_organization();
  const auto user = scene.any("users");
  const auto invitation = scene.any("invitations");
  Findings expected{{"extra organizations", organization}, {"extra users", user}, {"extra invitations", invitation}};
  const auto add = [&](const std::string& table, const std::string& condition) {
    for (const auto& row : scene.mirror.database.rows("SELECT id FROM workos." + table + "_live WHERE " + condition)) {
      expected.emplace("extra " + table, row[0]);
    }
  };
  add("organization_domains", "organization_id = '" + organization + "'");
  add("organization_memberships", "organization_id = '" + organization + "' OR user_id = '" + user + "'");
  REQUIRE(expected.size() > 100);
  scene.with_store([&](simulator::Store& store) {
    store.erase(Kind::organizations, organization, silently);
    store.erase(Kind::users, user, silently);
    store.erase(Kind::invitations, invitation, silently);
  });
  CHECK(findings(Verifier(scene.mirror).run()) == expected);
}

TEST_CASE("a domain that its organization no longer lists is extra, and one that changed is different") {
  VerifiedScene scene;
  const auto domain = scene.mirror.database.rows(
      "SELECT id, organization_id FROM workos.organization_domains_live ORDER BY created_at LIMIT 1")[0];
  scene.execute("UPDATE workos.organization_domains SET id = 'org_domain_of_nobody' WHERE id = '" + domain[0] + "'");
  const auto other = scene.value("SELECT id FROM workos.organization_domains_live ORDER BY created_at DESC LIMIT 1");
  scene.execute(
      "UPDATE workos.organization_domains SET _raw = _raw || '{\"state\": \"odd\"}', _hash = '\\x00' WHERE id = '" +
      other + "'");
  const auto result = Verifier(scene.mirror).run();
  CHECK(findings(result) == Findings{{"missing organization_domains", domain[0]},
                                     {"extra organization_domains", "org_domain_of_nobody"},
                                     {"different organization_domains", other}});
}

TEST_CASE("a listed domain is read again inside its organization, as the mirror has it from there") {
  VerifiedScene scene;
  const auto domain = scene.value("SELECT id FROM workos.organization_domains_live ORDER BY created_at LIMIT 1");
  scene.execute("UPDATE workos.organization_domains SET _hash = '\\x00' WHERE id = '" + domain + "'");
  scene.workos.arm({.name = "403-one-list", .target = "/organization_domains"});
  CHECK(findings(Verifier(scene.mirror).run()) == Findings{{"different organization_domains", domain}});
}

TEST_CASE("an object that changed silently is different, and told by the names of what differs") {
  VerifiedScene scene;
  const auto user = scene.any("users");
  scene.with_store([&](simulator::Store& store) {
    store.update(Kind::users, user, {{"first_name", "Zoe"}, {"locale", "nl-BE"}}, {.event = false, .touch = false});
  });
  const auto result = Verifier(scene.mirror).run();
  REQUIRE(findings(result) == Findings{{"different users", user}});
  CHECK(of(result, "users").differences[0].members == std::vector<std::string>{"first_name", "locale"});
}

TEST_CASE("a change that the mirror catches up with between the looks is no difference") {
  VerifiedScene scene;
  const auto renamed = scene.any("users");
  scene.rename(renamed, "Zoe");
  const auto gone = scene.any("invitations");
  scene.erase(Kind::invitations, gone);
  scene.with_store([](simulator::Store& store) {
    store.create(Kind::users, {{"email", "new@example.test"}, {"first_name", "New"}});
  });
  Verifier verifier(scene.mirror);
  verifier.clock.during_pause = [&](int pause) {
    if (pause == 3) CHECK(MirrorFixture::all_certified(scene.sync()));
  };
  const auto result = verifier.run();
  CHECK(findings(result).empty());
  CHECK(is_equal(result));
  CHECK(verifier.clock.pauses() == 3);
  CHECK(of(result, "users").changing == 0);
}

TEST_CASE("a row that changes between the looks is no difference, although it is always behind") {
  VerifiedScene scene;
  const auto user = scene.any("users");
  scene.rename(user, "Anna");
  Verifier verifier(scene.mirror);
  verifier.clock.during_pause = [&](int pause) {
    CHECK(MirrorFixture::all_certified(scene.sync()));
    scene.rename(user, "Anna " + std::to_string(pause));
  };
  const auto result = verifier.run();
  CHECK(findings(result).empty());
  CHECK(of(result, "users").changing == 1);
  CHECK(is_equal(result));
}

TEST_CASE("held rows are no drift, nor are the children that would die with them") {
  harness::HoldFixture mirror({.directory = {.organizations = 10, .users = 60, .memberships_per_organization = 7}},
                              {.max_count = 2, .min_count = 2});
  const auto organizations = mirror.erase(Kind::organizations, 3);
  mirror.sync();
  REQUIRE(mirror.open_holds().size() == 1);
  const auto result = Verifier(mirror).run();
  CHECK(is_equal(result));
  CHECK(of(result, "organizations").count(DifferenceKind::held) == 3);
  CHECK(of(result, "organization_memberships").count(DifferenceKind::held) == 21);
  for (const auto& [finding, id] : findings(result)) CHECK_THAT(finding, ContainsSubstring("held "));

  mirror.discard(mirror.open_holds()[0].id);
  const auto discarded = Verifier(mirror).run();
  CHECK_FALSE(is_equal(discarded));
  CHECK(of(discarded, "organizations").count(DifferenceKind::extra) == 3);
}

TEST_CASE("an object that can't be decoded is drift until it is parked") {
  VerifiedScene scene;
  const auto user = scene.any("users");
  scene.workos.arm({.name = "bad-timestamp", .target = "users", .parameters = {{"ids", user}}});
  const auto before = Verifier(scene.mirror).run();
  REQUIRE(scene.workos.fired("bad-timestamp") > 0);
  CHECK(findings(before) == Findings{{"undecodable users", user}});
  CHECK_FALSE(is_equal(before));

  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  const auto after = Verifier(scene.mirror).run();
  CHECK(findings(after) == Findings{{"parked users", user}});
  CHECK(is_equal(after));
}

TEST_CASE("an object without id is told, parked or not, and keeps its list from being called equal") {
  VerifiedScene scene;
  const auto user = scene.any("users");
  scene.workos.arm({.name = "missing-id", .target = "users", .parameters = {{"ids", user}}});
  // Its row is not listed, and a read of it gives an object that can't be decoded.
  CHECK(findings(Verifier(scene.mirror).run()) == Findings{{"undecodable users", ""}, {"undecodable users", user}});
  REQUIRE(scene.workos.fired("missing-id") > 0);

  (void)scene.sync();
  const auto after = Verifier(scene.mirror).run();
  CHECK(findings(after) == Findings{{"parked users", ""}, {"undecodable users", user}});
  CHECK_FALSE(of(after, "users").problem.empty());
}

TEST_CASE("a list that does not prove to be complete is never called equal") {
  VerifiedScene scene;
  scene.workos.arm({.name = "short-list", .target = "users", .count = -1});
  const auto result = Verifier(scene.mirror).run();
  REQUIRE(scene.workos.fired("short-list") > 0);
  CHECK(findings(result).empty());
  CHECK_FALSE(is_equal(result));
  CHECK_THAT(of(result, "users").problem, ContainsSubstring("before its newest object"));
}

TEST_CASE("a cursor that is ignored once makes the reading begin again, and nothing is counted twice") {
  VerifiedScene scene;
  const std::string fault = GENERATE(as<std::string>{}, "ignored-cursor", "refused-cursor");
  scene.workos.arm({.name = fault, .target = "users", .count = 1, .skip = 1});
  const auto result = Verifier(scene.mirror).run();
  REQUIRE(scene.workos.fired(fault) == 1);
  CHECK(is_equal(result));
  CHECK(of(result, "users").compared == static_cast<std::int64_t>(scene.workos.truth("users").size()));
}

TEST_CASE("more differences than can be looked at are counted") {
  VerifiedScene scene;
  scene.execute("UPDATE workos.users SET _hash = '\\x00'");
  Verifier verifier(scene.mirror);
  verifier.options.most_suspicions = 10;
  const auto result = verifier.run();
  CHECK(of(result, "users").count(DifferenceKind::different) == 10);
  CHECK(of(result, "users").differences[0].members == std::vector<std::string>{"_hash"});
  CHECK(of(result, "users").unchecked == 340);
}

TEST_CASE("what differed is looked at again after a repair") {
  VerifiedScene scene;
  scene.rename(scene.any("users"), "Zoe");
  scene.erase(Kind::invitations, scene.any("invitations"));
  Verifier verifier(scene.mirror);
  const auto before = verifier.run();
  REQUIRE(findings(before).size() == 2);
  CHECK(findings(verifier.run_again(before)) == findings(before));
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  const auto after = verifier.run_again(before);
  CHECK(is_equal(after));
  CHECK(of(after, "users").compared == 1);
  CHECK(of(after, "invitations").compared == 1);
}

TEST_CASE("streams that are switched off are not compared") {
  VerifiedScene scene;
  scene.mirror.options.streams["invitations"].enabled = false;
  scene.execute("DELETE FROM workos.invitations");
  const auto result = Verifier(scene.mirror).run();
  CHECK(is_equal(result));
  CHECK(result.size() == all_tables().size() - 1);
}

TEST_CASE("a mirror that was never filled, and one of another environment, can't be compared") {
  Scene scene;
  const auto empty = caught_error([&] { Verifier(scene.mirror).run(); });
  CHECK(empty.fault() == Fault::misconfigured);
  CHECK_THAT(empty.what(), ContainsSubstring("was never filled"));
  CHECK_THAT(empty.next_step(), ContainsSubstring("authkit-mirror sync"));

  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  simulator::Simulator other({.directory = {.users = 50, .seed = 2}});
  other.start();
  scene.mirror.api_options.base_url = other.url();
  const auto foreign = caught_error([&] { Verifier(scene.mirror).run(); });
  CHECK(foreign.fault() == Fault::misconfigured);
  CHECK_THAT(foreign.what(), ContainsSubstring("belongs to another WorkOS environment"));
}
