// Two environments in one daemon and one database: side by side, and one's trouble is its own.

#include <algorithm>

#include "tests/app/two_environments.hpp"
#include "tests/catch.hpp"

using namespace mirror;
using namespace mirror::harness;
using namespace mirror::test;
using nlohmann::json;
using simulator::Kind;
using simulator::Simulator;
using simulator::World;

namespace {

constexpr std::chrono::seconds longest_stop{15};  // five are promised, on a free machine

std::string state_of(const Program& daemon, const std::string& environment) {
  return json::parse(daemon.ask("/healthz?environment=" + environment).body).value("status", "");
}

/// Whether that finding is there.
bool has_finding(const Program& daemon, const std::string& environment, const std::string& code) {
  const json health = json::parse(daemon.ask("/healthz?environment=" + environment).body);
  return std::ranges::any_of(health["findings"], [&](const json& each) { return each["code"] == code; });
}

void rename_first_organization(Simulator& workos, const std::string& name) {
  workos.with([&](World& world) {
    const std::string id = world.store.table(Kind::organizations).order().begin()->second->id;
    world.store.update(Kind::organizations, id, {{"name", name}});
  });
}

bool arrives(TwoEnvironments& mirror, const std::string& environment, const std::string& name) {
  return wait_until([&] {
    return mirror.fixture.database().count("SELECT count(*) FROM workos.organizations_live WHERE _env = '" +
                                           environment + "' AND name = '" + name + "'") == 1;
  });
}

void erase_invitations(Simulator& workos, int count) {
  workos.with([count](World& world) {
    for (int i = 0; i < count; ++i) {
      world.store.erase(Kind::invitations, world.store.table(Kind::invitations).order().begin()->second->id);
    }
  });
}

}  // namespace

TEST_CASE(
    "two environments are swept, followed and served side by side, each from its own directory, and stop together") {
  TwoEnvironments mirror(GENERATE(Way::direct, Way::pooled));
  auto daemon = mirror.start({"run"});
  REQUIRE(mirror.are_filled());
  CHECK(mirror.differences("production").empty());
  CHECK(mirror.differences("staging").empty());
  CHECK(mirror.live("users", "production") == 120);
  CHECK(mirror.live("users", "staging") == 40);
  CHECK(mirror.fixture.database().count("SELECT count(DISTINCT holder) FROM workos.lease WHERE holder <> ''") == 2);

  rename_first_organization(mirror.fixture.workos, "Production Renamed");
  rename_first_organization(mirror.staging, "Staging Renamed");
  CHECK(arrives(mirror, "production", "Production Renamed"));
  CHECK(arrives(mirror, "staging", "Staging Renamed"));
  CHECK(wait_until([&] { return daemon->ask("/readyz").status == 200; }));
  CHECK(wait_until([&] { return json::parse(daemon->ask("/healthz").body)["status"] == "ok"; }));
  const std::string metrics = daemon->ask("/metrics").body;
  for (const std::string environment : {"production", "staging"}) {
    CHECK_THAT(metrics,
               ContainsSubstring("authkit_mirror_role{environment=\"" + environment + "\",role=\"writer\"} 1"));
    CHECK(daemon->has_printed(environment + ": users: "));
  }

  daemon->process().signal(SIGTERM);
  CHECK(daemon->process().wait_for(longest_stop) == 0);
  CHECK(mirror.fixture.database().count("SELECT count(*) FROM workos.lease WHERE holder <> ''") == 0);
}

TEST_CASE(
    "a key that is revoked and an API that is away leave the other environment's tail, health and webhooks alone") {
  const bool is_revoked = GENERATE(true, false);
  CAPTURE(is_revoked);
  TwoEnvironments mirror;
  auto daemon = mirror.start({"run"}, "[environments.staging.health]\nmax_lag = \"1s\"\n");
  REQUIRE(mirror.are_filled());
  if (is_revoked) {
    mirror.staging.arm({.name = "401-midway", .target = "", .count = -1});
  } else {
    mirror.staging.stop();
  }
  REQUIRE(wait_until([&] { return state_of(*daemon, "staging") == "failing"; }));
  CHECK(daemon->ask("/healthz").status == 503);
  CHECK(daemon->ask("/livez").status == 200);

  CHECK(wait_until([&] { return state_of(*daemon, "production") == "ok"; }));
  rename_first_organization(mirror.fixture.workos, "Still Followed");
  CHECK(arrives(mirror, "production", "Still Followed"));
  CHECK(mirror.run({"sync", "--environment", "production"}).code == 0);
  const std::string body = "{}";
  const auto post = [&](const std::string& environment, const std::string& signature) {
    return read_answer(send_raw(daemon->port(), "POST /webhooks/workos/" + environment +
                                                    " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                                                    "Content-Type: application/json\r\nWorkOS-Signature: " +
                                                    signature + "\r\nContent-Length: 2\r\n\r\n" + body))
        .status;
  };
  CHECK(post("production", mirror.fixture.workos.sign(body)) == 400);  // genuine, and no event
  CHECK(post("production", mirror.staging.sign(body)) == 401);
  CHECK(post("staging", mirror.fixture.workos.sign(body)) == 401);
  CHECK(daemon->ask("/webhooks/workos").status == 404);
}

TEST_CASE("an environment whose start is hopeless is shown, and ends a daemon only if it is alone there") {
  TwoEnvironments mirror;
  REQUIRE(mirror.run({"sync"}).code == 0);
  // As if the keys had been mixed up: what is mirrored as staging is not at this API.
  mirror.fixture.database().execute("UPDATE workos.users SET id = id || '_elsewhere' WHERE _env = 'staging'");
  mirror.fixture.database().execute("UPDATE workos.organizations SET id = id || '_elsewhere' WHERE _env = 'staging'");
  mirror.fixture.database().execute(
      "UPDATE workos.organization_memberships SET id = id || '_elsewhere' WHERE _env = 'staging'");
  mirror.fixture.database().execute("UPDATE workos.invitations SET id = id || '_elsewhere' WHERE _env = 'staging'");
  auto daemon = mirror.start({"run"});
  REQUIRE(wait_until([&] { return has_finding(*daemon, "staging", "can_not_start"); }));
  CHECK(wait_until([&] { return state_of(*daemon, "production") == "ok"; }));
  rename_first_organization(mirror.fixture.workos, "Still Followed");
  CHECK(arrives(mirror, "production", "Still Followed"));
  daemon->process().signal(SIGTERM);
  CHECK(daemon->process().wait_for(longest_stop) == 0);

  const Ending alone = mirror.run({"run", "--environment", "staging"});
  CHECK(alone.code == 78);
  CHECK_THAT(alone.output, ContainsSubstring("belongs to another WorkOS environment"));
}

TEST_CASE("an environment whose key is missing or can't be read is shown, and leaves the other one alone") {
  const std::string file = GENERATE("", "/nowhere/api_key");
  CAPTURE(file);
  TwoEnvironments mirror;
  const std::vector<std::string> keyless{"--set", "environments.staging.api.key_file=" + file};
  const auto with = [&](std::vector<std::string> command, const std::vector<std::string>& more) {
    command.insert(command.end(), more.begin(), more.end());
    return command;
  };
  auto daemon = mirror.start(with({"run"}, keyless));
  REQUIRE(wait_until([&] { return mirror.certified("production") == 4; }));
  CHECK(wait_until([&] { return state_of(*daemon, "production") == "ok"; }));
  CHECK(wait_until([&] { return has_finding(*daemon, "staging", "no_api_key"); }));
  CHECK(state_of(*daemon, "staging") == "failing");
  CHECK(daemon->ask("/livez").status == 200);
  CHECK_THAT(
      daemon->ask("/healthz?environment=staging").body,
      ContainsSubstring("AUTHKIT_MIRROR_ENVIRONMENTS_STAGING_API_KEY") && ContainsSubstring("then restart the daemon"));
  CHECK(daemon->has_printed("can't be read: No such file") == !file.empty());
  CHECK(mirror.fixture.database().count("SELECT count(*) FROM workos.lease WHERE _env = 'staging'") == 0);
  rename_first_organization(mirror.fixture.workos, "Still Followed");
  CHECK(arrives(mirror, "production", "Still Followed"));

  CHECK(mirror.run(with({"check"}, keyless)).code == 78);
  const Ending alone = mirror.run(with({"run", "--environment", "staging"}, keyless));
  CHECK(alone.code == 78);
  CHECK_THAT(alone.output, ContainsSubstring("no WorkOS API key for the environment staging"));
  const Ending none = mirror.run(with(with({"run"}, keyless), {"--set", "environments.production.api.key_file="}));
  CHECK(none.code == 78);

  daemon->process().signal(SIGTERM);
  CHECK(daemon->process().wait_for(longest_stop) == 0);
}

TEST_CASE("commands work on all environments, or find out which one, or ask for it") {
  TwoEnvironments mirror;
  const std::string brake = "[environments.staging.brake]\nmax_count = 5\nmin_count = 5\n";
  auto daemon = mirror.start({"run"}, brake);
  REQUIRE(mirror.are_filled());
  const Ending pass = mirror.run({"sync", "--json"}, brake);
  CHECK(pass.code == 0);
  CHECK_THAT(pass.output, ContainsSubstring("\"production\": {") && ContainsSubstring("\"staging\": {"));
  CHECK(mirror.run({"verify", "--pause", "0"}, brake).code == 0);
  const Ending check = mirror.run({"check"}, brake);
  CHECK(check.code == 0);
  CHECK_THAT(check.output, ContainsSubstring("staging: stream users") && ContainsSubstring("production: environment"));

  erase_invitations(mirror.fixture.workos, 6);
  erase_invitations(mirror.staging, 6);
  CHECK(mirror.run({"sync"}, brake).code == 1);
  CHECK(mirror.live("invitations", "production") == 24);
  CHECK(mirror.live("invitations", "staging") == 12);
  const Ending holds = mirror.run({"holds"}, brake);
  CHECK_THAT(holds.output, ContainsSubstring("1  staging  invitations"));
  const Ending status = mirror.run({"status"}, brake);
  CHECK(status.code == 1);
  CHECK_THAT(status.output, ContainsSubstring("production\nSTREAM") && ContainsSubstring("staging\nSTREAM"));
  CHECK(mirror.run({"approve", "2"}, brake).code == 64);
  CHECK(mirror.run({"approve", "1"}, brake).code == 0);
  CHECK(mirror.live("invitations", "staging") == 6);

  const Ending events = mirror.run({"events", "list"}, brake);
  CHECK(events.code == 64);
  CHECK_THAT(events.output, ContainsSubstring("production, staging"));
  CHECK(mirror.run({"events", "list", "--environment", "staging"}, brake).code == 0);
  CHECK(mirror.run({"api", "users.list"}, brake).code == 64);
  CHECK(mirror.run({"status", "--environment", "elsewhere"}, brake).code == 64);
  CHECK(mirror.run({"config", "check"}, brake).code == 0);
}

TEST_CASE("a reload changes the environment that it is about, and says so") {
  TwoEnvironments mirror;
  auto daemon = mirror.start({"run"}, "[environments.staging.brake]\nmax_count = 5\nmin_count = 5\n");
  REQUIRE(mirror.are_filled());
  mirror.write_config("[environments.staging.brake]\nmax_count = 500\nmin_count = 5\nmax_percent = 100\n");
  daemon->process().signal(SIGHUP);
  REQUIRE(wait_until([&] {
    return daemon->has_printed(
        "reload: applied environments.staging.brake.max_count, environments.staging.brake.max_percent");
  }));
  mirror.staging.with([](World& world) {
    for (int i = 0; i < 6; ++i) {
      world.store.erase(Kind::users, world.store.table(Kind::users).order().begin()->second->id);
    }
  });
  CHECK(wait_until([&] { return mirror.live("users", "staging") == 34; }));
  CHECK(mirror.fixture.database().count("SELECT count(*) FROM workos.holds") == 0);
}
