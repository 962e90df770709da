// Rules R1, R3, R4, R9 and R16: whatever order events come in, and however they are cut into batches.

#include <algorithm>
#include <random>

#include "api/event_decoder.hpp"
#include "model/streams.hpp"
#include "tests/catch.hpp"
#include "tests/sync/tail_fixture.hpp"

namespace mirror::tests {
namespace {

/// Than any event here: when it is told does not matter.
constexpr Instant later{4'102'444'800'000'000};  // 2100

using harness::in_one_batch;
using harness::SteppedMirror;
using harness::TailFixture;
using simulator::Json;
using simulator::Kind;
using simulator::Store;

const std::vector<std::string> none;

struct OrderFixture : TailFixture {
  OrderFixture() { options.brake.min_count = 1'000; }

  void deliver(SteppedMirror& daemon, const std::vector<std::string>& texts) {
    for (const auto& text : texts) REQUIRE(daemon.deliver(text) == sync::Delivery::applied);
  }
  /// Every row of an environment, without what differs from one write to the next.
  std::vector<std::vector<std::string>> rows_of(const std::string& environment) {
    std::vector<std::vector<std::string>> all;
    for (const auto* table : all_tables()) {
      auto rows = database.rows("SELECT '" + std::string(table->name) +
                                "', to_jsonb(kept) - '_env' - '_changed_at' FROM workos." + std::string(table->name) +
                                " AS kept WHERE _env = '" + environment + "' ORDER BY id");
      all.insert(all.end(), rows.begin(), rows.end());
    }
    auto doubts = database.rows("SELECT table_name, id, event_id, deleted_at FROM workos.doubts WHERE _env = '" +
                                environment + "' ORDER BY 1, 2");
    all.insert(all.end(), doubts.begin(), doubts.end());
    return all;
  }
  /// The history of each row as the feed tells it, then by source time. What came late may stand anywhere in the feed.
  std::vector<std::vector<std::string>> histories_of(const std::string& environment) {
    auto all = database.rows(
        "SELECT table_name, id, op, via, event_id, before, content FROM workos.changes WHERE _env = '" + environment +
        "' ORDER BY table_name, id, op = 'late', "
        "CASE WHEN op = 'late' THEN event_id END, content IS NULL, seq");
    for (const auto* table : all_tables()) {
      const auto versions =
          database.rows("SELECT id, valid_from, valid_to, lives, content, event_id FROM workos.versions('" +
                        std::string(table->name) + "', '" + environment + "', NULL, '-infinity')");
      all.insert(all.end(), versions.begin(), versions.end());
    }
    return all;
  }
};

}  // namespace

TEST_CASE("a webhook about an event that is not visible yet does not move the cursor over those before it") {
  // github.com/get-convex/workos-authkit/issues/73: there the webhook's event became the cursor, and the first was
  // lost.
  OrderFixture mirror;
  mirror.workos.with(
      [](simulator::World& world) { world.store.events().set_visibility_delay(std::chrono::seconds{10}); });
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto users = mirror.some(Kind::users, 2);
  mirror.rename(users[0], "First");
  mirror.rename(users[1], "Second");
  mirror.deliver(daemon, {mirror.event_texts().back()});
  daemon.catch_up();
  CHECK(mirror.first_name(users[1]) == "Second");
  CHECK(mirror.first_name(users[0]) != "First");
  CHECK(mirror.cursor().empty());
  mirror.advance(std::chrono::seconds{11});
  daemon.catch_up();
  CHECK(mirror.first_name(users[0]) == "First");
  CHECK(mirror.cursor() == mirror.newest_event_id());
  CHECK(mirror.count("SELECT count(*) FROM workos.events") == 2);
  CHECK(mirror.differences_events_tell() == none);
}

TEST_CASE("webhooks in any order, twice and stale, lead to the same mirror") {
  const unsigned seed = GENERATE(range(1u, 6u));
  CAPTURE(seed);
  OrderFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  for (unsigned i = 0; i < 4; ++i) mirror.change_some(seed * 100 + i);
  auto texts = mirror.event_texts();
  const auto again = texts;
  texts.insert(texts.end(), again.begin(), again.end());
  std::shuffle(texts.begin(), texts.end(), std::mt19937(seed));
  mirror.deliver(daemon, texts);
  daemon.settle_doubts();
  CHECK(mirror.differences_events_tell() == none);
  CHECK(mirror.cursor().empty());
  mirror.deliver(daemon, mirror.event_texts());  // long known
  daemon.catch_up();
  CHECK(mirror.differences_events_tell() == none);
}

TEST_CASE("the creation of a row that arrives behind its deletion does not revive it") {
  OrderFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto id = mirror.change([](Store& store) {
    return store.create(Kind::users, {{"email", "a@example.com"}}).id;
  });
  mirror.change([&](Store& store) { store.erase(Kind::users, id); });
  const auto texts = mirror.event_texts();
  REQUIRE(texts.size() == 2);
  mirror.deliver(daemon, {texts[1], texts[0]});
  CHECK(mirror.count("SELECT count(*) FROM workos.doubts") == 0);
  CHECK(mirror.value("SELECT _deleted_by FROM workos.users WHERE id = '" + id + "'") == "event");
}

TEST_CASE("a member of whom is told behind the deletion of their user arrives and dies in one") {
  OrderFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto organization = mirror.any(Kind::organizations);
  std::string user;
  const auto id = mirror.change([&](Store& store) {
    user = store.create(Kind::users, {{"email", "a@example.com"}}).id;
    return store.create(Kind::organization_memberships, {{"user_id", user}, {"organization_id", organization}}).id;
  });
  mirror.change([&](Store& store) { store.erase(Kind::users, user); });
  auto texts = mirror.event_texts();
  const auto tells_of_member = [&](const std::string& text) { return text.find(id) != std::string::npos; };
  const auto told = std::ranges::find_if(texts, tells_of_member);
  REQUIRE(told != texts.end());
  const std::string created = *told;
  std::erase_if(texts, tells_of_member);
  texts.push_back(created);
  mirror.deliver(daemon, texts);
  CHECK(mirror.value("SELECT _deleted_by FROM workos.organization_memberships WHERE id = '" + id + "'") == "cascade");
  const auto content = mirror.value("SELECT _raw FROM workos.organization_memberships WHERE id = '" + id + "'");
  CHECK(mirror.database.rows("SELECT op, via, event_id IS NULL, before FROM workos.changes WHERE id = '" + id +
                             "' ORDER BY seq") ==
        std::vector<std::vector<std::string>>{{"insert", "event", "f", "NULL"}, {"delete", "cascade", "t", content}});
}

TEST_CASE("a user that leaves an organization and joins it again is a member, in whatever order that is told") {
  const bool backwards = GENERATE(true, false);
  CAPTURE(backwards);
  OrderFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto left = mirror.any(Kind::organization_memberships);
  const auto joined = mirror.change([&](Store& store) {
    const auto membership = store.object(Kind::organization_memberships, left);
    store.erase(Kind::organization_memberships, left);
    return store
        .create(Kind::organization_memberships,
                {{"user_id", membership["user_id"]}, {"organization_id", membership["organization_id"]}})
        .id;
  });
  auto texts = mirror.event_texts();
  if (backwards) std::ranges::reverse(texts);
  mirror.deliver(daemon, texts);
  CHECK(!mirror.is_live("organization_memberships", left));
  CHECK(mirror.is_live("organization_memberships", joined));
  CHECK(mirror.differences_events_tell() == none);
}

TEST_CASE("a user that a webhook deletes while its list page is in flight stays deleted, also in one batch with it") {
  const bool together = GENERATE(true, false);
  CAPTURE(together);
  OrderFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto id = mirror.change([](Store& store) {
    return store.create(Kind::users, {{"email", "a@example.com"}}, {.event = false}).id;
  });
  auto page = daemon.session().api.list(users(), {}, api::Lane::sweep, {});
  mirror.change([&](Store& store) { store.erase(Kind::users, id); });
  auto deletion = api::decode_event(mirror.event_texts().back(), later);
  auto snapshot = std::make_shared<sync::SnapshotContext>();
  snapshot->stream = &users();
  daemon.session().writer.run(
      [&](sync::WriteSession& write) {
        snapshot->id = write.tables.snapshots.open(write.transaction, "users", page.answered_at, false);
      },
      {});
  in_one_batch(daemon, [&] {
    daemon.session().writer.push(sync::EventWrite{std::move(deletion), sync::EventVia::webhook, {}}, {});
    if (!together) return;
    daemon.session().writer.push(
        sync::PageWrite{
            .snapshot = snapshot, .part = {}, .page = page, .coverage = {}, .progress = "{}", .unstorable = {}},
        {});
  });
  if (!together) {
    daemon.session().writer.push(
        sync::PageWrite{
            .snapshot = snapshot, .part = {}, .page = page, .coverage = {}, .progress = "{}", .unstorable = {}},
        {});
    daemon.session().writer.flush({});
  }
  CHECK(mirror.value("SELECT _deleted_by FROM workos.users WHERE id = '" + id + "'") == "event");
  // It never lived here, so there is nothing to do for whoever follows the feed; only history is told of its death.
  CHECK(mirror.value("SELECT string_agg(op, ' ') FROM workos.changes WHERE id = '" + id + "'") == "late");
}

TEST_CASE("events in one batch have the effects of events one by one") {
  const unsigned seed = GENERATE(range(0u, 6u));
  CAPTURE(seed);
  OrderFixture mirror;
  sync::SyncOptions single = mirror.options;
  single.environment = "single";
  sync::SyncOptions batched = mirror.options;
  batched.environment = "batched";
  SteppedMirror one_by_one(mirror.database.options(), single, mirror.api_options);
  SteppedMirror at_once(mirror.database.options(), batched, mirror.api_options);
  one_by_one.sweep_all();
  at_once.sweep_all();
  REQUIRE(mirror.rows_of("single") == mirror.rows_of("batched"));

  // Parents that die between changes of their children, and an object that comes and goes.
  const auto organization = mirror.some(Kind::organizations, 2).at(1);
  mirror.change_some(seed);
  mirror.change([&](Store& store) {
    for (const auto& [position, record] : simulator::Order(store.memberships_of_organization(organization))) {
      store.update(Kind::organization_memberships, record->id, Json{{"status", "inactive"}});
    }
  });
  mirror.change([&](Store& store) {
    const auto id = store.create(Kind::users, {{"email", "guest@example.com"}}).id;
    store.create(Kind::organization_memberships, {{"user_id", id}, {"organization_id", organization}});
    store.erase(Kind::users, id);
  });
  mirror.change([&](Store& store) { store.erase(Kind::organizations, organization); });
  mirror.change_some(seed + 1'000);
  auto texts = mirror.event_texts();
  if (seed > 0) std::shuffle(texts.begin(), texts.end(), std::mt19937(seed));
  for (const auto& text : texts) REQUIRE(one_by_one.deliver(text) == sync::Delivery::applied);
  for (std::size_t first = 0; first < texts.size(); first += 50) {
    in_one_batch(at_once, [&] {
      for (std::size_t i = first; i < std::min(first + 50, texts.size()); ++i) {
        at_once.session().writer.push(sync::EventWrite{api::decode_event(texts[i], later), sync::EventVia::webhook, {}},
                                      {});
      }
    });
  }
  CHECK(mirror.rows_of("single") == mirror.rows_of("batched"));
  CHECK(mirror.histories_of("single") == mirror.histories_of("batched"));
}

}  // namespace mirror::tests
