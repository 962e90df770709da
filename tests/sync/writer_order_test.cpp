#include <nlohmann/json.hpp>

#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/harness/database_access.hpp"
#include "tests/sync/writer_fixture.hpp"

using namespace mirror;
using namespace mirror::harness;
using simulator::Kind;
using simulator::World;

namespace {

simulator::SimulatorOptions few_users() {
  return {.directory = {.organizations = 3, .users = 60, .memberships = 60, .invitations = 5}};
}

/// Gives the first user another name, `later` after the last change.
std::string rename_first_user(MirrorFixture& mirror, const std::string& name, std::chrono::seconds later) {
  return mirror.workos.with([&](World& world) {
    world.clock.advance(later);
    const std::string id = world.store.table(Kind::users).order().begin()->second->id;
    world.store.update(Kind::users, id, {{"first_name", name}});
    return id;
  });
}

/// What a reader of the mirror and of its feed would see, whatever the environment's name. Late versions stand behind
/// the changes of their batch.
std::vector<std::vector<std::string>> contents(MirrorFixture& mirror, const std::string& environment) {
  auto rows = mirror.database.rows(
      "SELECT id, first_name, updated_at, _raw, _hash, _observed_at, _deleted_at FROM workos.users WHERE _env = '" +
      environment + "' ORDER BY id");
  const auto feed = mirror.database.rows(
      "SELECT id, op, via, observed_at, before, content, row_number() OVER (PARTITION BY id, op = 'late' ORDER BY seq)"
      " FROM workos.changes WHERE _env = '" +
      environment + "' ORDER BY id, op = 'late', seq");
  rows.insert(rows.end(), feed.begin(), feed.end());
  return rows;
}

}  // namespace

TEST_CASE("a page that was read before the content the mirror holds changes nothing and is counted") {
  MirrorFixture mirror(few_users());
  WriterFixture writer(mirror, mirror.database.options());
  const auto snapshot = writer.open(users());
  auto stale = writer.first_page(users());
  const auto id = rename_first_user(mirror, "Newer", std::chrono::seconds(5));
  writer.push(snapshot, writer.first_page(users()));
  writer.flush();
  const auto seen = mirror.database.value("SELECT _observed_at FROM workos.users WHERE id = '" + id + "'");

  writer.push(snapshot, std::move(stale));

  const auto counts = writer.counts_of(*snapshot).counts;
  CHECK(counts.stale == 1);
  CHECK(counts.inserted == 60);
  CHECK(counts.unchanged == 59);
  CHECK(mirror.database.value("SELECT first_name FROM workos.users WHERE id = '" + id + "'") == "Newer");
  CHECK(mirror.database.value("SELECT _observed_at FROM workos.users WHERE id = '" + id + "'") == seen);
}

TEST_CASE("a batch of pages leaves the same rows and the same history as its pages one by one") {
  MirrorFixture mirror(few_users());
  WriterFixture together(mirror, mirror.database.options(), "together");
  WriterFixture alone(mirror, mirror.database.options(), "alone");
  const auto of_together = together.open(users());
  const auto of_alone = alone.open(users());

  std::vector<api::ListPage> pages;
  for (const char* name : {"One", "Two", "Three", "Four"}) {
    rename_first_user(mirror, name, std::chrono::seconds(5));
    pages.push_back(together.first_page(users()));
  }
  std::swap(pages[1], pages[2]);  // "Two" arrives too late
  // The transaction can't begin before all are queued: this task keeps the writer busy until they are.
  std::promise<void> queued;
  auto all_queued = queued.get_future().share();
  std::jthread busy([&] { together.writer().run([&](sync::WriteSession&) { all_queued.wait(); }, never_stopped()); });
  for (const auto& page : pages) together.push(of_together, page);
  queued.set_value();
  together.flush();
  for (const auto& page : pages) {
    alone.push(of_alone, page);
    alone.flush();
  }

  CHECK(contents(mirror, "together") == contents(mirror, "alone"));
  CHECK(mirror.database.count("SELECT count(*) FROM workos.changes WHERE _env = 'together' AND op = 'update'") == 2);
  CHECK(together.counts_of(*of_together).counts.stale == 1);
}

TEST_CASE("a writer whose lease was taken commits nothing of what was queued, and says so to whoever waits") {
  MirrorFixture mirror(few_users());
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled));
  WriterFixture writer(mirror, access.options());
  const auto snapshot = writer.open(users());
  access.database().execute("UPDATE workos.lease SET token = token + 1, holder = 'the new holder', holder_pid = NULL");

  writer.push(snapshot, writer.first_page(users()));
  const auto error = caught_error([&] { writer.flush(); });

  CHECK(error.fault() == Fault::lease_lost);
  CHECK(writer.failure()->fault() == Fault::lease_lost);
  CHECK(access.database().count("SELECT count(*) FROM workos.users") == 0);
  CHECK(access.database().count("SELECT count(*) FROM workos.changes") == 0);
  CHECK(caught_error([&] { writer.push(snapshot, writer.first_page(users())); }).fault() == Fault::lease_lost);
}

TEST_CASE("fields that change without an event and without updated_at arrive with the next sweep") {
  MirrorFixture mirror(few_users());
  mirror.workos.with([](World& world) { world.clock.freeze(true); });
  REQUIRE(MirrorFixture::all_certified(mirror.sync()));
  const auto signed_in = mirror.workos.with([](World& world) {
    world.clock.advance(std::chrono::minutes(5));
    const std::string id = world.store.table(Kind::users).order().begin()->second->id;
    world.store.update(Kind::users, id, {{"last_sign_in_at", "2026-11-20T08:00:00.000Z"}},
                       {.event = false, .touch = false});
    return id;
  });
  const auto results = mirror.sync();
  CHECK(MirrorFixture::of(results, "users").snapshot->counts.changed == 1);
  CHECK(mirror.database.value("SELECT last_sign_in_at AT TIME ZONE 'UTC' FROM workos.users WHERE id = '" + signed_in +
                              "'") == "2026-11-20 08:00:00");
  CHECK(mirror.differences().empty());
  // A sign-in rewrites no membership, although every membership carries its user.
  CHECK(MirrorFixture::of(results, "organization_memberships").snapshot->counts.changed == 0);
}
