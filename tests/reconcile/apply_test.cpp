#include "reconcile/apply.hpp"

#include "api/api_client.hpp"
#include "support/fault_point.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/reconcile/reconcile_fixture.hpp"

using namespace mirror;
using namespace mirror::harness;
using namespace mirror::reconcile;
using mirror::test::ReconcileFixture;
using simulator::Kind;
using simulator::World;

namespace {

constexpr const char* users_path = "/user_management/users";
constexpr const char* memberships_path = "/user_management/organization_memberships";
constexpr const char* invitations_path = "/user_management/invitations";

/// Not an Error, as a kill is none.
struct Kill {};

std::vector<std::string> kinds_of(const Planned& planned) {
  std::vector<std::string> kinds;
  for (const Action& action : planned.plan.changes.actions) kinds.emplace_back(to_string(action.kind));
  return kinds;
}

}  // namespace

TEST_CASE("an applied plan leaves nothing to plan, and applied again changes nothing") {
  ReconcileFixture fixture;
  const auto ada = fixture.add_user("Ada@x.test");
  const auto bob = fixture.add_user("bob@x.test");
  const auto cyd = fixture.add_user("cyd@x.test");
  const auto& organization = fixture.organizations[0];
  fixture.add_membership(ada, organization);
  fixture.add_membership(bob, organization);
  const auto resting = fixture.add_membership(cyd, organization);
  fixture.workos.with([&](World& world) {
    world.store.update(Kind::organization_memberships, resting, {{"status", "inactive"}});
    world.store.create(Kind::invitations, {{"email", "guest@x.test"}, {"organization_id", organization}});
  });
  const std::string list = "email;first_name;organization;role\nada@X.test;Ada;" + organization +
                           ";admin\ncyd@x.test;;" + organization + ";\nnew@x.test;Nova;" + organization + ";member\n";
  const auto planned = fixture.plan(list);
  CHECK(kinds_of(planned) == std::vector<std::string>{"create_user", "update_user", "add_membership",
                                                      "reactivate_membership", "change_role", "revoke_invitation",
                                                      "deactivate_membership"});
  const auto sealed = ReconcileFixture::sealed(planned);
  const auto trial = try_plan(sealed, fixture.database.options(), fixture.new_client(), {"default", "test"}, {});
  CHECK(trial.count("planned") == 7);
  CHECK(fixture.size(Kind::users) == 3);

  const auto report = fixture.apply(sealed);
  CHECK_FALSE(report.stopped_by);
  CHECK(report.count("done") == 7);
  CHECK(wait_for_mirror(fixture.database.options(), "default", report.own_writes(), std::chrono::seconds{1}, {}) == 7);
  const auto second = fixture.plan(list);
  CHECK(kinds_of(second) == std::vector<std::string>{});
  CHECK(wait_for_mirror(fixture.database.options(), "default", report.own_writes(), std::chrono::seconds{20}, {}) == 0);

  const auto posts = fixture.answered("POST", "/", 0);
  const auto again = fixture.apply(sealed);
  CHECK(again.was_applied_before);
  CHECK(again.count("done") == 7);
  CHECK(fixture.answered("POST", "/", 0) == posts);
  CHECK(fixture.database.value("SELECT state FROM workos.reconcile_plans") == "applied");
}

TEST_CASE("people who are not on the list any more are removed only if the plan was made so") {
  ReconcileFixture fixture;
  fixture.add_membership(fixture.add_user("a@x.test"), fixture.organizations[0]);
  fixture.add_membership(fixture.add_user("b@x.test"), fixture.organizations[0]);
  fixture.rules.removes = true;
  const auto planned = fixture.plan("email,organization\na@x.test," + fixture.organizations[0] + "\n");
  CHECK(fixture.apply(ReconcileFixture::sealed(planned)).count("done") == 1);
  CHECK(fixture.size(Kind::organization_memberships) == 1);
  CHECK(fixture.size(Kind::users) == 2);
}

TEST_CASE("nobody who was erased after planning comes into the journal") {
  ReconcileFixture fixture;
  const auto& organization = fixture.organizations[0];
  const auto erased = fixture.add_membership(fixture.add_user("erased@x.test"), organization);
  const auto other = fixture.add_membership(fixture.add_user("other@x.test"), organization);
  fixture.add_membership(fixture.add_user("stays@x.test"), organization);
  const auto sealed = ReconcileFixture::sealed(fixture.plan("email,organization\nstays@x.test," + organization + "\n"));
  fixture.database.execute(
      "INSERT INTO workos.erasure_key (key, inner_pad, outer_pad) VALUES (sha256('key'), decode(repeat('36', 64), "
      "'hex'), decode(repeat('5c', 64), 'hex'));"
      "INSERT INTO workos.erased_ids SELECT 'default', decode(substr(workos.erased_name('" +
      erased + "', 'default'), 8), 'hex')");
  CHECK(fixture.apply(sealed).count("done") == 2);
  const auto lines_of = [&](const std::string& id) {
    return fixture.database.count("SELECT count(*) FROM workos.reconcile_actions AS a WHERE a::text LIKE '%" + id +
                                  "%'");
  };
  CHECK(lines_of(erased) == 0);
  CHECK(lines_of(other) == 1);
}

TEST_CASE("no plan is made from lists that events stopped to keep fresh") {
  ReconcileFixture fixture;
  CHECK_NOTHROW(fixture.plan(fixture.list_of(1)));
  // Events were lost, and no list was read since.
  fixture.database.execute(
      "INSERT INTO workos.event_tails (_env, anchor, caught_up_through, polled_at, unbroken_since) "
      "VALUES ('default', now(), now(), now(), now()) ON CONFLICT (_env) DO UPDATE SET polled_at = now(), "
      "caught_up_through = now(), unbroken_since = now() + interval '1 hour';"
      "UPDATE workos.snapshots SET begun_at = now() - interval '1 day'");
  const auto refused = caught_error([&] { fixture.plan_from_mirror(fixture.list_of(1)); });
  CHECK(refused.fault() == Fault::unavailable);
  CHECK_THAT(refused.what(), ContainsSubstring("no plan from this mirror"));
}

TEST_CASE("refused and failed requests are repeated, and nothing is done twice") {
  ReconcileFixture fixture;
  const std::string fault =
      GENERATE(as<std::string>{}, "429-bare", "5xx-storm", "html-502", "reset-mid-body", "truncated-json");
  const std::string path = GENERATE(as<std::string>{}, users_path, memberships_path);
  const auto sealed = ReconcileFixture::sealed(fixture.plan(fixture.list_of(9)));
  fixture.workos.arm(
      {.name = fault, .target = path, .count = 3, .probability = 0.7, .parameters = {{"method", "POST"}}});
  CAPTURE(fault, path);
  const auto report = fixture.apply(sealed);
  CHECK(fixture.workos.fired(fault) == 3);
  CHECK(report.count("done") == 18);
  CHECK(fixture.size(Kind::users) == 9);
  CHECK(fixture.size(Kind::organization_memberships) == 9);
  // Answers that were lost belong to requests that were carried out: none of those was sent again.
  CHECK(fixture.answered("POST", users_path, 201) == 9);
  CHECK(fixture.answered("POST", memberships_path, 201) == 9);
  CHECK(fixture.answered("POST", "/", 400) == 0);
}

TEST_CASE("an apply that is killed before or after any request goes on and does nothing twice") {
  ReconcileFixture fixture;
  const std::string point = GENERATE(as<std::string>{}, "reconcile: action started", "reconcile: action sent");
  fixture.rules.invites = GENERATE(true, false);
  const auto gone = fixture.add_user("gone@x.test");
  fixture.add_membership(gone, fixture.organizations[0]);
  const auto sealed = ReconcileFixture::sealed(fixture.plan(fixture.list_of(6)));
  int kills = 0;
  while (true) {
    bool was_killed = false;
    {
      // Each process gets one action further.
      int reached = 0;
      const FaultPointObserver killer([&](std::string_view name) {
        if (name == point && ++reached == 2) throw Kill{};
      });
      try {
        fixture.apply(sealed);
      } catch (const Kill&) {
        was_killed = true;
      }
    }
    if (!was_killed) break;
    REQUIRE(++kills < 50);
  }
  CHECK(kills >= 3);
  const auto report = fixture.apply(sealed);
  CHECK(report.was_applied_before);
  CHECK(report.count("done") == static_cast<long>(sealed.plan.changes.actions.size()));
  CHECK(fixture.answered("POST", users_path, 201) == (fixture.rules.invites ? 0 : 6));
  CHECK(fixture.answered("POST", memberships_path, 201) == (fixture.rules.invites ? 0 : 6));
  CHECK(fixture.answered("POST", invitations_path, 201) == (fixture.rules.invites ? 6 : 0));
  CHECK(fixture.answered("PUT", memberships_path, 200) == 1);
  CHECK(kinds_of(fixture.plan(fixture.list_of(6))) == std::vector<std::string>{});
}

TEST_CASE("what changed since the plan was made is a conflict and stays as it is, what is as wanted is skipped") {
  ReconcileFixture fixture;
  const auto& organization = fixture.organizations[0];
  const auto first = fixture.add_membership(fixture.add_user("a@x.test"), organization);
  const auto second = fixture.add_membership(fixture.add_user("b@x.test"), organization);
  const auto third = fixture.add_membership(fixture.add_user("c@x.test"), organization);
  const auto sealed = ReconcileFixture::sealed(
      fixture.plan("email,organization,role\na@x.test," + organization + ",admin\nb@x.test," + organization +
                   ",admin\nc@x.test," + organization + ",admin\nnew@x.test," + organization + ",admin\n"));
  fixture.workos.with([&](World& world) {
    const auto roles = [](const char* slug) {
      return simulator::Json{{"role", {{"slug", slug}}}, {"roles", {{{"slug", slug}}}}};
    };
    world.store.update(Kind::organization_memberships, first, roles("owner"));
    world.store.update(Kind::organization_memberships, second, roles("admin"));
    world.store.create(Kind::users, {{"email", "new@x.test"}, {"first_name", "Somebody"}});
  });
  const auto report = fixture.apply(sealed);
  CHECK(report.count("conflict") == 1);
  CHECK(report.count("skipped") == 2);
  CHECK(report.count("done") == 2);
  const auto role_of = [&](const std::string& id) {
    return fixture.workos.with([&](World& world) {
      return world.store.object(Kind::organization_memberships, id)["role"]["slug"].get<std::string>();
    });
  };
  CHECK(role_of(first) == "owner");
  CHECK(role_of(third) == "admin");
  CHECK(fixture.database.value("SELECT error FROM workos.reconcile_actions WHERE state = 'conflict'") ==
        "changed since the plan was made: roles");
}

TEST_CASE("the first answer of an unexpected kind stops a plan, and the rest stays planned until it goes on") {
  ReconcileFixture fixture;
  const auto sealed = ReconcileFixture::sealed(fixture.plan(fixture.list_of(6)));
  fixture.workos.arm(
      {.name = "401-midway", .target = users_path, .count = 1, .skip = 2, .parameters = {{"method", "POST"}}});
  const auto stopped = fixture.apply(sealed);
  REQUIRE(stopped.stopped_by);
  CHECK(stopped.stopped_by->fault() == Fault::refused);
  CHECK(stopped.count("done") == 2);
  CHECK(stopped.count("failed") == 1);
  CHECK(stopped.count("planned") == 9);
  CHECK(fixture.database.value("SELECT state FROM workos.reconcile_plans") == "stopped");
  fixture.workos.clear_faults();
  const auto report = fixture.apply(sealed);
  CHECK_FALSE(report.stopped_by);
  CHECK(report.count("done") == 12);
  CHECK(fixture.answered("POST", users_path, 201) == 6);
}

TEST_CASE("what was done is told although the journal could not be closed, and the plan goes on later") {
  ReconcileFixture fixture;
  const auto sealed = ReconcileFixture::sealed(fixture.plan(fixture.list_of(3)));
  const auto [interruption, fault] = GENERATE(table<std::string, Fault>(
      {{"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name LIKE 'authkit-mirror reconcile%'",
        Fault::unavailable},
       {"UPDATE workos.reconcile_lease SET token = token + 1", Fault::lease_lost}}));
  {
    int sent = 0;
    const FaultPointObserver observer([&](std::string_view name) {
      if (name == "reconcile: action sent" && ++sent == 2) fixture.database.execute(interruption);
    });
    const auto broken_off = fixture.apply(sealed);
    REQUIRE(broken_off.stopped_by);
    CHECK(broken_off.stopped_by->fault() == fault);
    CHECK(broken_off.count("done") == 2);
    CHECK(broken_off.count("planned") == 4);
  }
  CHECK(fixture.database.value("SELECT state FROM workos.reconcile_plans") == "applying");
  fixture.database.execute("UPDATE workos.reconcile_lease SET holder = NULL");
  CHECK(fixture.apply(sealed).count("done") == 6);
  CHECK(fixture.answered("POST", users_path, 201) == 3);
}

TEST_CASE("an invitation that never expires is open, and nobody is invited again") {
  ReconcileFixture fixture;
  fixture.rules.invites = true;
  fixture.workos.with([&](World& world) {
    world.store.create(Kind::invitations, {{"email", "p0@x.test"}, {"organization_id", fixture.organizations[0]}});
  });
  CHECK(kinds_of(fixture.plan(fixture.list_of(1))) == std::vector<std::string>{});
  fixture.database.execute("UPDATE workos.invitations SET expires_at = NULL");
  CHECK(kinds_of(fixture.plan_from_mirror(fixture.list_of(1))) == std::vector<std::string>{});
}

TEST_CASE("a plan for one organization leaves the members of the others alone, and has to name one that is there") {
  ReconcileFixture fixture;
  for (const auto& organization : fixture.organizations) {
    fixture.add_membership(fixture.add_user("old@" + organization + ".test"), organization);
  }
  fixture.only_organization = fixture.organizations[0];
  const auto planned = fixture.plan("email,organization\nnew@x.test," + fixture.organizations[0] + "\nother@x.test," +
                                    fixture.organizations[1] + "\n");
  CHECK(planned.plan.scope == std::vector<std::string>{fixture.organizations[0]});
  CHECK(planned.people == 1);
  CHECK(planned.unrelated_rows == 1);
  CHECK(kinds_of(planned) == std::vector<std::string>{"create_user", "add_membership", "deactivate_membership"});
  for (const Action& action : planned.plan.changes.actions) {
    const bool is_about_user = action.kind == ActionKind::create_user;
    CHECK(action.organization_id == (is_about_user ? "" : fixture.organizations[0]));
  }
  fixture.only_organization = "org_unknown";
  const auto refused = caught_error([&] { fixture.plan_from_mirror(fixture.list_of(1)); });
  CHECK(refused.fault() == Fault::usage);
  CHECK_THAT(refused.what(), ContainsSubstring("the mirror has no organization org_unknown"));
}

TEST_CASE("a plan tells which protected entries match nobody in the whole mirror") {
  ReconcileFixture fixture;
  const auto member = fixture.add_user("member@x.test");
  fixture.add_membership(member, fixture.organizations[0]);
  fixture.add_user("elsewhere@x.test");
  for (const std::string& name : {member, fixture.organizations[2], std::string("elsewhere@x.test")}) {
    fixture.rules.protect.add({name, "owners"});
  }
  fixture.rules.protect.add({"nobody@x.test", "owners line 7"});
  CHECK(fixture.plan(fixture.list_of(1)).unmatched_protection == std::vector<std::string>{"owners line 7"});
}

TEST_CASE("a plan over a limit needs an approval") {
  ReconcileFixture fixture;
  fixture.rules.limits.of_kind[ActionKind::create_user] = {.max_count = 2};
  const auto sealed = ReconcileFixture::sealed(fixture.plan(fixture.list_of(3)));
  const auto refused = caught_error([&] { fixture.apply(sealed); });
  CHECK_THAT(refused.what(), ContainsSubstring("over the limit: create_user (3)"));
  CHECK(fixture.size(Kind::users) == 0);
  CHECK(fixture.apply(sealed, {.environment = "default", .applied_by = "test", .approved = true}).count("done") == 6);
}

TEST_CASE("a plan that is too old, for another environment or from another mirror is refused") {
  ReconcileFixture fixture;
  auto planned = fixture.plan(fixture.list_of(1));
  const auto refusal = [&] {
    const auto error = caught_error([&] { fixture.apply(ReconcileFixture::sealed(planned)); });
    CHECK(error.fault() == Fault::usage);
    return std::string(error.what());
  };
  SECTION("too old") {
    planned.plan.valid_until = planned.plan.created_at;
    CHECK_THAT(refusal(), ContainsSubstring("too old"));
  }
  SECTION("another environment") {
    planned.plan.environment = "staging";
    CHECK_THAT(refusal(), ContainsSubstring("for environment staging"));
  }
  SECTION("another mirror, whose feed is shorter") {
    planned.plan.feed_seq += 1'000'000;
    CHECK_THAT(refusal(), ContainsSubstring("made from another mirror") && ContainsSubstring("not there"));
  }
  SECTION("another mirror, whose feed is longer") {
    ReconcileFixture other;
    planned = other.plan(other.list_of(1));
    fixture.add_user("longer@x.test");
    fixture.sync();
    CHECK_THAT(refusal(), ContainsSubstring("made from another mirror") && ContainsSubstring("here that line is of"));
  }
  CHECK(fixture.answered("POST", users_path, 201) == 0);
}

TEST_CASE(
    "while one process applies a plan another one is refused, and its journal can't be written by the first after a "
    "takeover") {
  ReconcileFixture fixture;
  const auto sealed = ReconcileFixture::sealed(fixture.plan(fixture.list_of(1)));
  auto other = fixture.database.connect();
  db::ReconcileLease lease("default", "other", std::chrono::seconds{600});
  REQUIRE(lease.try_acquire(other));
  const auto refused = caught_error([&] { fixture.apply(sealed); });
  CHECK(refused.fault() == Fault::lease_lost);
  CHECK(fixture.size(Kind::users) == 0);
  // Its heart stops beating, somebody else takes over, and it wakes up.
  fixture.database.execute("UPDATE workos.reconcile_lease SET heartbeat_at = heartbeat_at - interval '1 hour'");
  CHECK(fixture.apply(sealed).count("done") == 2);
  const db::ReconcileJournal journal("default", sealed.digest);
  CHECK(caught_error([&] { journal.start(other, lease, 1); }).fault() == Fault::lease_lost);
}

TEST_CASE("the right to apply is free as soon as its holder's session is gone") {
  ReconcileFixture fixture;
  const auto sealed = ReconcileFixture::sealed(fixture.plan(fixture.list_of(1)));
  db::ReconcileLease lease("default", "other", std::chrono::seconds{600});
  {
    auto other = fixture.database.connect();
    REQUIRE(lease.try_acquire(other));
  }
  CHECK(fixture.apply(sealed).count("done") == 2);
}

TEST_CASE("no plan is made from a mirror that is not fresh, and it says since when and why") {
  ReconcileFixture fixture;
  const auto refusal = [&] {
    try {
      fixture.plan_from_mirror(fixture.list_of(1));
    } catch (const StaleMirror& error) {
      return std::string(error.what());
    }
    return std::string("a plan was made");
  };
  CHECK_THAT(refusal(), ContainsSubstring("never read completely: organizations, users"));
  fixture.sync();
  CHECK(refusal() == "a plan was made");
  SECTION("a hold is open") {
    fixture.database.execute(
        "INSERT INTO workos.holds (_env, stream, cause, deletions, live_rows, reason) VALUES "
        "('default', 'users', 'sweep', 9, 9, 'many')");
    CHECK_THAT(refusal(), ContainsSubstring("a hold is open since 20"));
  }
  SECTION("events were last read long ago") {
    fixture.database.execute(
        "INSERT INTO workos.event_tails (_env, anchor, caught_up_through, polled_at) VALUES ('default', now(), "
        "'2026-01-15T12:00:00Z', now() - interval '1 hour') ON CONFLICT (_env) DO UPDATE SET caught_up_through = "
        "excluded.caught_up_through, polled_at = excluded.polled_at");
    CHECK_THAT(refusal(), ContainsSubstring("events were last read to their end 36") &&
                              ContainsSubstring("through 2026-01-15T12:00:00"));
  }
  SECTION("events are not followed") {
    fixture.database.execute(
        "INSERT INTO workos.event_tails (_env, anchor, problem, problem_since) VALUES ('default', now(), 'lost', "
        "now()) "
        "ON CONFLICT (_env) DO UPDATE SET problem = 'lost', problem_since = now()");
    CHECK_THAT(refusal(), ContainsSubstring("events are not followed since 20") && ContainsSubstring("lost"));
  }
  SECTION("there was no poll yet, and the lists were read long ago") {
    fixture.database.execute("DELETE FROM workos.event_tails");
    fixture.database.execute("UPDATE workos.streams SET last_certified_at = now() - interval '1 day'");
    CHECK_THAT(refusal(), ContainsSubstring("the oldest certificate is 86"));
  }
}

TEST_CASE("the journal holds no address and no name") {
  ReconcileFixture fixture;
  fixture.apply(ReconcileFixture::sealed(fixture.plan(fixture.list_of(3))));
  CHECK(fixture.database.count("SELECT count(*) FROM workos.reconcile_actions AS a WHERE a::text LIKE '%@%'") == 0);
  CHECK(fixture.database.count("SELECT count(*) FROM workos.reconcile_actions WHERE request_id IS NOT NULL") == 6);
}
