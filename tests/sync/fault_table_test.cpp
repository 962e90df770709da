// Every named fault that is a matter of one stream: what it may cost is a certificate, never a row.

#include "tests/catch.hpp"
#include "tests/sync/scene.hpp"

using namespace mirror;
using namespace mirror::tests;
using harness::MirrorFixture;
using simulator::FaultOrder;
using simulator::Kind;

namespace {

/// What the pass during which the fault acts must say.
enum class Outcome { certified, uncertified, failed };

struct FaultCase {
  FaultOrder order;
  Outcome outcome = Outcome::certified;
  std::string reason = {};  ///< part of why there is no certificate
};

/// Faults that pass, and those that a retry or another walk outlasts: nobody has to hear of them.
std::vector<FaultCase> harmless_faults() {
  return {
      {{.name = "429-seconds", .target = "users", .count = 2}},
      {{.name = "429-date", .target = "users", .count = 2}},
      {{.name = "429-bare", .target = "organizations", .count = 2}},
      {{.name = "429-absurd", .target = "invitations", .count = 2}},
      {{.name = "5xx-storm", .target = "users"}},
      {{.name = "html-502", .target = "organization_memberships", .count = 3}},
      {{.name = "reset-mid-body", .target = "users", .count = 3}},
      {{.name = "reset-mid-body", .target = "users", .count = 3, .parameters = {{"politely", "true"}}}},
      {{.name = "truncated-json", .target = "organization_memberships", .count = 3}},
      {{.name = "invalid-json", .target = "organizations", .count = 3}},
      {{.name = "wrong-content-type", .target = "users", .count = 2}},
      {{.name = "slow-drip", .target = "users", .count = 1}},
      {{.name = "gzip-bomb", .target = "invitations", .count = 1, .parameters = {{"megabytes", "80"}}}},
      {{.name = "redirect-away", .target = "users", .count = 1}},
      {{.name = "repeated-cursor", .target = "users", .count = 2}},
      {{.name = "ignored-cursor", .target = "users", .count = 2}},
      {{.name = "ignored-cursor", .target = "organization_memberships", .count = 2}},
      {{.name = "refused-cursor", .target = "users", .count = 2}},
      {{.name = "refused-cursor", .target = "organization_memberships", .count = 2}},
      {{.name = "created-at-tie", .target = "users"}},
      {{.name = "duplicate-across-pages", .target = "users", .count = -1}},
      {{.name = "duplicate-across-pages", .target = "organization_memberships", .count = -1}},
      {{.name = "unknown-field", .target = "users", .count = 30}},
      {{.name = "unknown-field", .target = "organizations", .count = 3}},
      {{.name = "unknown-status", .target = "organizations", .count = 3}},
      {{.name = "unknown-status", .target = "organization_memberships", .count = 30}},
      {{.name = "unknown-status", .target = "invitations", .count = 30}},
      {{.name = "null-text", .target = "users", .count = 30}},
      {{.name = "null-text", .target = "organization_memberships", .count = 30}},
      {{.name = "null-text", .target = "invitations", .count = 30}},
  };
}

/// Faults that last: the stream says so, and recovers when they are gone.
std::vector<FaultCase> lasting_faults() {
  using enum Outcome;
  const auto for_ever = [](std::string name, std::string target, simulator::FaultParameters parameters = {}) {
    return FaultOrder{
        .name = std::move(name), .target = std::move(target), .count = -1, .parameters = std::move(parameters)};
  };
  const std::string early_end = "ended before its newest object";
  return {
      {for_ever("429-bare", "users"), failed, "429"},
      {for_ever("5xx-storm", "users"), failed, "50"},
      {for_ever("html-502", "invitations"), failed, "502"},
      {for_ever("reset-mid-body", "users"), failed, "reset by peer"},
      {for_ever("truncated-json", "users"), failed, "JSON"},
      {for_ever("invalid-json", "organization_memberships"), failed, "JSON"},
      {for_ever("wrong-content-type", "users", {{"html", "true"}}), failed, "an HTML page"},
      {for_ever("redirect-away", "users"), failed, "302"},
      {for_ever("403-one-list", "users"), failed, "403"},
      {for_ever("403-one-list", "organization_memberships"), failed, "403"},
      {for_ever("repeated-cursor", "users"), uncertified, "repeated a cursor"},
      {for_ever("repeated-cursor", "organization_memberships"), uncertified, "repeated a cursor"},
      {for_ever("ignored-cursor", "users"), uncertified, "ignored the cursor"},
      {for_ever("ignored-cursor", "organization_memberships"), uncertified, "ignored the cursor"},
      {for_ever("refused-cursor", "users"), uncertified, "refused a cursor"},
      {for_ever("refused-cursor", "organization_memberships"), uncertified, "refused a cursor"},
      {for_ever("short-list", "users", {{"pages", "1"}}), uncertified, early_end},
      {for_ever("short-list", "users", {{"before_end", "true"}}), uncertified, early_end},
      {for_ever("short-list", "invitations", {{"shorten", "7"}}), uncertified, early_end},
      {for_ever("short-list", "organization_memberships", {{"pages", "1"}}), uncertified, early_end},
      {for_ever("short-list", "organization_memberships", {{"shorten", "3"}}), uncertified, early_end},
      {{.name = "empty-list", .target = "users", .skip = 1}, uncertified, early_end},
      {{.name = "empty-after-deleted-cursor", .target = "users"}, uncertified, early_end},
  };
}

/// One walk at a time, or several in the list of users, which has pages enough for it.
enum class Walks { one_by_one, side_by_side };

simulator::SeedOptions directory_for(Walks walks) {
  auto directory = small_directory();
  if (walks == Walks::side_by_side) directory.users = 1'200;
  return directory;
}

void configure(Scene& scene, Walks walks) {
  scene.mirror.options.parallel = walks == Walks::one_by_one ? 1 : 4;
  scene.mirror.options.smallest_segment = 100;
}

/// A working day at the customer: some of everything, a few deletions among it.
void change_directory(Scene& scene) {
  scene.workos.with([](simulator::World& world) {
    simulator::Changes changes(world.store, 7);
    for (const auto kind : simulator::all_kinds) {
      changes.create(kind, 2);
      changes.update(kind, 5);
    }
    changes.sign_in(10);
    changes.erase(Kind::users, 3);
    changes.erase(Kind::organization_memberships, 3);
    changes.erase(Kind::invitations, 2);
  });
}

std::string finding_code(const sync::StreamResult& result) {
  if (result.snapshot) return "snapshot_uncertified";
  return result.fault == Fault::refused ? "stream_refused" : "stream_failed";
}

void check_outcome(Scene& scene, const FaultCase& fault, Walks walks, const sync::StreamResult& result) {
  const std::string& stream = fault.order.target;
  CAPTURE(why_not(result));
  if (walks == Walks::side_by_side && fault.outcome != Outcome::failed && result.is_certified()) {
    // Another walk read what the one that was led astray did not.
    CHECK(scene.mirror.differences() == std::vector<std::string>{});
    return;
  }
  REQUIRE(result.is_certified() == (fault.outcome == Outcome::certified));
  REQUIRE(result.snapshot.has_value() == (fault.outcome != Outcome::failed));
  if (fault.outcome == Outcome::certified) {
    CHECK_FALSE(scene.has_finding(finding_code(result), stream));
    return;
  }
  if (walks == Walks::one_by_one) CHECK_THAT(why_not(result), ContainsSubstring(fault.reason));
  CHECK(scene.has_finding(finding_code(result), stream));
  CHECK_FALSE(scene.value("SELECT error FROM workos.streams WHERE stream = '" + stream + "'") == "NULL");
}

/// Organizations are the scopes of memberships: whatever is wrong with them, memberships can't be proven.
void check_the_others(const FaultCase& fault, const std::vector<sync::StreamResult>& results) {
  for (const auto& result : results) {
    const bool concerned = result.stream == fault.order.target ||
                           (fault.order.target == "organizations" && result.stream == "organization_memberships");
    CAPTURE(result.stream, why_not(result));
    CHECK((concerned || result.is_certified()));
  }
}

void recover(Scene& scene) {
  scene.workos.clear_faults();
  const auto results = scene.sync();
  for (const auto& result : results) {
    CAPTURE(result.stream, why_not(result));
    CHECK(result.is_certified());
  }
  CHECK(scene.mirror.finding_codes().empty());
  CHECK(scene.mirror.differences() == std::vector<std::string>{});
  CHECK(scene.wrongly_dead() == std::vector<std::string>{});
}

void fill_under(const FaultCase& fault, Walks walks) {
  Scene scene(directory_for(walks));
  configure(scene, walks);
  scene.mirror.api_options.timeout = std::chrono::seconds{2};
  scene.workos.arm(fault.order);
  const auto results = scene.sync();
  // Walks that come from the other end may leave nobody to meet it.
  REQUIRE((scene.workos.fired(fault.order.name) > 0 || walks == Walks::side_by_side));
  check_outcome(scene, fault, walks, MirrorFixture::of(results, fault.order.target));
  check_the_others(fault, results);
  CHECK(scene.dead().empty());
  if (fault.outcome == Outcome::certified) CHECK(scene.mirror.differences() == std::vector<std::string>{});
  recover(scene);
}

void refresh_under(const FaultCase& fault, Walks walks) {
  Scene scene(directory_for(walks));
  configure(scene, walks);
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  scene.mirror.api_options.timeout = std::chrono::seconds{2};
  change_directory(scene);
  scene.workos.arm(fault.order);
  const auto results = scene.sync();
  // Walks that come from the other end may leave nobody to meet it.
  REQUIRE((scene.workos.fired(fault.order.name) > 0 || walks == Walks::side_by_side));
  check_outcome(scene, fault, walks, MirrorFixture::of(results, fault.order.target));
  check_the_others(fault, results);
  CHECK(scene.wrongly_dead() == std::vector<std::string>{});
  if (fault.outcome == Outcome::certified) CHECK(scene.mirror.differences() == std::vector<std::string>{});
  recover(scene);
}

void for_each(const std::vector<FaultCase>& faults, Walks walks, void (*check)(const FaultCase&, Walks)) {
  for (std::size_t i = 0; i < faults.size(); ++i) {
    const auto& order = faults[i].order;
    DYNAMIC_SECTION(i << ": " << order.name << " on " << order.target) {
      check(faults[i], walks);
    }
  }
}

}  // namespace

TEST_CASE("a fault that a retry outlasts leaves a certified mirror when it is filled") {
  for_each(harmless_faults(), Walks::one_by_one, fill_under);
}

TEST_CASE("a fault that a retry outlasts leaves a certified mirror when it is refreshed") {
  for_each(harmless_faults(), Walks::one_by_one, refresh_under);
}

TEST_CASE("a fault that lasts costs the stream that is filled its certificate and no stream a row") {
  for_each(lasting_faults(), Walks::one_by_one, fill_under);
}

TEST_CASE("a fault that lasts costs the stream that is refreshed its certificate and no stream a row") {
  for_each(lasting_faults(), Walks::one_by_one, refresh_under);
}

TEST_CASE("a fault that a retry outlasts leaves a certified mirror that walks side by side fill") {
  for_each(harmless_faults(), Walks::side_by_side, fill_under);
}

TEST_CASE("a fault that a retry outlasts leaves a certified mirror that walks side by side refresh") {
  for_each(harmless_faults(), Walks::side_by_side, refresh_under);
}

TEST_CASE("under a fault that lasts walks side by side are certified only of a whole mirror") {
  for_each(lasting_faults(), Walks::side_by_side, fill_under);
  for_each(lasting_faults(), Walks::side_by_side, refresh_under);
}

TEST_CASE("events of unknown names beside the lists change nothing") {
  Scene scene;
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  scene.workos.arm({.name = "unknown-event", .count = 3});
  simulator::Request request;
  request.method = "GET";
  request.path = request.target = "/events";
  request.parameters = {{"events", "user.created"}};
  request.headers = {{"authorization", "Bearer " + scene.workos.options().api_key}};
  REQUIRE(scene.workos.answer(request).status == 200);
  REQUIRE(scene.workos.fired("unknown-event") > 0);
  REQUIRE(MirrorFixture::all_certified(scene.sync()));
  CHECK(scene.mirror.differences() == std::vector<std::string>{});
}
