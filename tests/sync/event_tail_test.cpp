// Rules R2 to R5: the mirror follows GET /events.

#include "model/streams.hpp"
#include "tests/catch.hpp"
#include "tests/sync/tail_fixture.hpp"

namespace mirror::tests {
namespace {

using harness::SteppedMirror;
using harness::TailFixture;
using simulator::Json;
using simulator::Kind;
using simulator::Store;
using simulator::World;

}  // namespace

TEST_CASE("a first start needs no step by hand: the tail begins before the first page and tells every change since") {
  TailFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep(users());
  mirror.change_some(1);  // while the other lists are still to be read
  daemon.sweep(organizations());
  mirror.change_some(2);
  daemon.sweep(organization_memberships());
  daemon.sweep(invitations());
  mirror.change_some(3);
  daemon.catch_up();
  CHECK(mirror.differences_events_tell() == std::vector<std::string>{});
  CHECK(daemon.board().events().written > 0);
}

TEST_CASE("every change that has an event is in the mirror after the next poll") {
  TailFixture mirror;
  mirror.options.brake.min_count = 1'000;  // so many deletions in a minute would wait for a person
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  for (std::uint64_t seed = 10; seed < 20; ++seed) {
    mirror.change_some(seed);
    daemon.catch_up();
    CAPTURE(seed);
    REQUIRE(mirror.differences_events_tell() == std::vector<std::string>{});
  }
}

TEST_CASE("an event clears what it lacks, except what events never carry") {
  TailFixture mirror;
  SteppedMirror daemon(mirror);
  const auto membership = mirror.any(Kind::organization_memberships);
  daemon.sweep_all();
  const auto name = mirror.database.value("SELECT organization_name FROM workos.organization_memberships WHERE id = '" +
                                          membership + "'");
  REQUIRE(!name.empty());
  mirror.change([&](Store& store) {
    store.update(Kind::organization_memberships, membership, Json{{"status", "inactive"}});
  });
  daemon.catch_up();
  const auto row = mirror.database.rows(
      "SELECT status, organization_name, _raw->>'organization_name', _event_id IS NOT NULL FROM "
      "workos.organization_memberships WHERE id = '" +
      membership + "'");
  CHECK(row.at(0) == decltype(row)::value_type{"inactive", name, name, "t"});
  CHECK(mirror.differences() == std::vector<std::string>{});
  // The sweep finds the same content, although the database spells it in its own way.
  CHECK(daemon.sweep(organization_memberships()).counts.changed == 0);
}

TEST_CASE("the cursor moves with the effects, over events that GET /events returned") {
  TailFixture mirror;
  mirror.workos.with([](World& world) { world.store.events().set_visibility_delay(std::chrono::seconds{10}); });
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  daemon.catch_up();
  CHECK(mirror.cursor().empty());
  const auto user = mirror.any(Kind::users);
  mirror.change([&](Store& store) { store.update(Kind::users, user, Json{{"first_name", "Later"}}); });
  daemon.catch_up();
  CHECK(mirror.cursor().empty());  // not visible yet
  mirror.workos.with([](World& world) { world.clock.advance(std::chrono::seconds{11}); });
  daemon.catch_up();
  CHECK(mirror.cursor() == mirror.newest_event_id());
  CHECK(mirror.database.value("SELECT first_name FROM workos.users WHERE id = '" + user + "'") == "Later");
}

TEST_CASE("a deletion event for an unknown object keeps a page in flight from bringing it in") {
  TailFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  daemon.catch_up();
  const auto id = mirror.change([](Store& store) {
    return store.create(Kind::users, Json{{"email", "a@example.com"}}).id;
  });
  const auto page = daemon.session().api.list(users(), {}, api::Lane::sweep, {});
  mirror.change([&](Store& store) { store.erase(Kind::users, id); });
  const auto deletion =
      mirror.workos.with([](World& world) { return world.store.events().at(world.store.events().size() - 1).text; });
  CHECK(daemon.deliver(deletion) == sync::Delivery::applied);
  CHECK(mirror.cursor().empty());
  CHECK(mirror.database.value("SELECT _deleted_by FROM workos.users WHERE id = '" + id + "'") == "event");
  auto snapshot = std::make_shared<sync::SnapshotContext>();
  snapshot->stream = &users();
  daemon.session().writer.run(
      [&](sync::WriteSession& write) {
        snapshot->id = write.tables.snapshots.open(write.transaction, "users", page.answered_at, false);
      },
      {});
  daemon.session().writer.push(
      sync::PageWrite{
          .snapshot = snapshot, .part = {}, .page = page, .coverage = {}, .progress = "{}", .unstorable = {}},
      {});
  daemon.session().writer.flush({});
  CHECK(mirror.database.value("SELECT _deleted_at IS NOT NULL FROM workos.users WHERE id = '" + id + "'") == "t");
}

}  // namespace mirror::tests
