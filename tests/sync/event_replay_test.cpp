// Rebuilding from the archive: events are applied once more, nothing is asked of the API.

#include "sync/event_replay.hpp"

#include "tests/catch.hpp"
#include "tests/sync/tail_fixture.hpp"

namespace mirror::tests {
namespace {

using harness::SteppedMirror;
using harness::TailFixture;
using simulator::Json;
using simulator::Kind;
using simulator::Store;

/// A mirror that followed many changes, in which everything is as the API shows it.
struct ReplayFixture : TailFixture {
  ReplayFixture() {
    const auto with_what_no_event_tells = change([](Store& store) {
      return store
          .create(Kind::organizations, {{"name", "Acme"}, {"allow_profiles_outside_organization", false}},
                  {.event = false})
          .id;
    });
    daemon.sweep_all();
    daemon.catch_up();
    change([&](Store& store) { store.update(Kind::organizations, with_what_no_event_tells, {{"name", "Acme 2"}}); });
    change_some(1);
    change_some(2);
    daemon.catch_up();
    database.execute("CREATE TABLE told AS SELECT DISTINCT table_name, object_id FROM workos.events");
    database.execute(
        "CREATE TABLE listed AS SELECT id, allow_profiles_outside_organization FROM workos.organizations "
        "WHERE allow_profiles_outside_organization IS NOT NULL");
  }

  /// What differs, but for what the archive can't bring back because only lists tell it.
  std::vector<std::string> differences_the_archive_tells() {
    database.execute(
        "UPDATE workos.organizations AS o SET "
        "allow_profiles_outside_organization = listed.allow_profiles_outside_organization, _raw = o._raw || "
        "jsonb_build_object('allow_profiles_outside_organization', listed.allow_profiles_outside_organization) "
        "FROM listed WHERE o.id = listed.id AND o._deleted_at IS NULL");
    return differences_events_tell();
  }

  /// `action` on every row that an event told of.
  void spoil(const std::string& action) {
    for (const char* table : {"organizations", "users", "organization_memberships", "invitations"}) {
      std::string sql = action;
      sql.replace(sql.find("TABLE"), 5, std::string("workos.") + table);
      database.execute(sql + " WHERE id IN (SELECT object_id FROM told WHERE table_name = '" + table + "')");
    }
  }
  std::int64_t rows() {
    return count(
        "SELECT (SELECT count(*) FROM workos.organizations) + (SELECT count(*) FROM workos.users) + "
        "(SELECT count(*) FROM workos.organization_memberships) + (SELECT count(*) FROM workos.invitations)");
  }
  auto archive() {
    return database.rows(
        "SELECT id, created_at, type, object_id, raw, error, attempts, tail_at, webhook_at FROM workos.events ORDER "
        "BY id");
  }

  SteppedMirror daemon{*this};
};

constexpr Instant first_day{0};

}  // namespace

TEST_CASE("rows that are lost or wrong are rebuilt from the archive, which stays as it is, and so does the cursor") {
  ReplayFixture mirror;
  const std::string spoil = GENERATE(as<std::string>{}, "DELETE FROM TABLE",
                                     "UPDATE TABLE SET _hash = NULL, _raw = '{}', _deleted_at = NULL, "
                                     "_deleted_by = NULL, _event_id = NULL, updated_at = updated_at - interval '1 "
                                     "year', _observed_at = _observed_at - interval '1 year'");
  REQUIRE(mirror.differences_events_tell() == std::vector<std::string>{});
  const auto rows = mirror.rows();
  const auto archive = mirror.archive();
  const auto cursor = mirror.cursor();
  mirror.spoil(spoil);
  REQUIRE(!mirror.differences().empty());

  const auto outcome = sync::replay_events(mirror.daemon.session(), first_day, {});
  mirror.daemon.settle_doubts();
  CHECK(outcome.read == static_cast<long>(archive.size()));
  CHECK(outcome.parked == 0);
  CHECK(mirror.differences_the_archive_tells() == std::vector<std::string>{});
  CHECK(mirror.rows() == rows);  // tombstones as well
  CHECK(mirror.archive() == archive);
  CHECK(mirror.cursor() == cursor);
}

TEST_CASE("a replay begins where it is told to") {
  TailFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto users = mirror.some(Kind::users, 2);
  mirror.rename(users[0], "Before");
  mirror.rename(users[1], "Since");
  daemon.catch_up();
  const auto since = parse_instant(mirror.value("SELECT max(created_at) FROM workos.events")).value();
  mirror.database.execute("DELETE FROM workos.users WHERE first_name IN ('Before', 'Since')");
  CHECK(sync::replay_events(daemon.session(), since, {}).read == 1);
  CHECK_FALSE(mirror.is_live("users", users[0]));
  CHECK(mirror.first_name(users[1]) == "Since");
}

TEST_CASE("a replay over a sound mirror changes nothing") {
  ReplayFixture mirror;
  const auto changes = mirror.count("SELECT count(*) FROM workos.changes");
  CHECK(sync::replay_events(mirror.daemon.session(), first_day, {}).read > 20);
  CHECK(mirror.count("SELECT count(*) FROM workos.changes") == changes);
}

TEST_CASE("more events than are read at once are replayed, each once and in order") {
  TailFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto user = mirror.any(Kind::users);
  constexpr int events = 1'100;
  mirror.change([&](Store& store) {
    for (int i = 1; i <= events; ++i) store.update(Kind::users, user, Json{{"first_name", std::to_string(i)}});
  });
  daemon.catch_up();
  mirror.database.execute("DELETE FROM workos.users WHERE id = '" + user + "'");
  CHECK(sync::replay_events(daemon.session(), first_day, {}).read == events);
  daemon.settle_doubts();
  CHECK(mirror.first_name(user) == std::to_string(events));
}

}  // namespace mirror::tests
