// The archive: every event once, whichever way it came, and no secret in it.

#include <algorithm>

#include "db/event_store.hpp"
#include "db/transaction.hpp"
#include "tests/catch.hpp"
#include "tests/sync/tail_fixture.hpp"

namespace mirror::tests {
namespace {

using harness::SteppedMirror;
using harness::TailFixture;
using simulator::Store;
using std::chrono::hours;

const std::vector<std::string> none;

struct ArchiveFixture : TailFixture {
  void deliver_all(SteppedMirror& daemon) {
    for (const auto& text : event_texts()) REQUIRE(daemon.deliver(text) == sync::Delivery::applied);
  }
  /// Where every row that an event can change stands, and in which version.
  std::vector<std::vector<std::string>> places() {
    std::vector<std::vector<std::string>> places;
    for (const char* table : {"events", "organizations", "organization_domains", "users", "organization_memberships",
                              "invitations", "changes", "event_tails", "doubts"}) {
      auto rows =
          database.rows(std::string("SELECT tableoid::regclass, ctid, xmin FROM workos.") + table + " ORDER BY 1, 2");
      places.insert(places.end(), rows.begin(), rows.end());
    }
    return places;
  }
  std::vector<std::string> partitions() {
    std::vector<std::string> names;
    for (auto& row : database.rows("SELECT c.relname FROM pg_inherits JOIN pg_class AS c ON c.oid = inhrelid "
                                   "WHERE inhparent = 'workos.events'::regclass ORDER BY 1")) {
      names.push_back(row[0]);
    }
    return names;
  }
};

}  // namespace

TEST_CASE("every event is kept once, with the time of each way by which it came") {
  const bool webhooks_first = GENERATE(true, false);
  CAPTURE(webhooks_first);
  ArchiveFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.change_some(1);
  if (webhooks_first) mirror.deliver_all(daemon);
  daemon.catch_up();
  if (!webhooks_first) mirror.deliver_all(daemon);
  const auto told = static_cast<std::int64_t>(mirror.events_told());
  CHECK(mirror.count("SELECT count(*) FROM workos.events") == told);
  CHECK(mirror.count("SELECT count(DISTINCT id) FROM workos.events WHERE table_name IS NOT NULL AND object_id IS NOT "
                     "NULL AND error IS NULL AND raw->>'id' = id AND raw->>'event' = type") == told);
  const std::string earlier = webhooks_first ? "webhook_at" : "tail_at";
  const std::string later = webhooks_first ? "tail_at" : "webhook_at";
  CHECK(mirror.count("SELECT count(*) FROM workos.events WHERE " + earlier + " < " + later) == told);
  CHECK(mirror.differences_events_tell() == none);
}

TEST_CASE("a webhook that comes again changes nothing") {
  ArchiveFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.change_some(1);
  // Back and forth within one millisecond: an event tells what the mirror holds already.
  const auto user = mirror.any(simulator::Kind::users);
  mirror.workos.with([&](simulator::World& world) {
    for (const char* name : {"Ada", "Bea", "Ada", "Bea"}) {
      world.store.update(simulator::Kind::users, user, simulator::Json{{"first_name", name}});
    }
  });
  mirror.deliver_all(daemon);
  daemon.settle_doubts();
  const auto before = mirror.places();
  mirror.deliver_all(daemon);
  daemon.settle_doubts();
  CHECK(mirror.places() == before);
}

TEST_CASE("each month of events gets its partition when its first event comes") {
  ArchiveFixture mirror;
  mirror.workos.with([](simulator::World& world) { world.clock.set(*parse_instant("2026-03-31T23:59:00Z")); });
  SteppedMirror daemon(mirror);
  daemon.poll();
  CHECK(mirror.partitions().empty());
  mirror.change_some(1);
  daemon.catch_up();
  CHECK(mirror.partitions() == std::vector<std::string>{"events_2026_03"});
  mirror.advance(std::chrono::minutes{2});
  mirror.change_some(2);
  mirror.advance(31 * hours{24});
  mirror.change_some(3);
  daemon.catch_up();
  CHECK(mirror.partitions() == std::vector<std::string>{"events_2026_03", "events_2026_04", "events_2026_05"});
  CHECK(mirror.count("SELECT count(*) FROM workos.events WHERE tableoid::regclass::text <> 'workos.events_' || "
                     "to_char(created_at AT TIME ZONE 'UTC', 'YYYY_MM')") == 0);
}

TEST_CASE("partitions of this month and the next are made before they are needed, and old ones are dropped whole") {
  ArchiveFixture mirror;
  auto connection = mirror.database.connect();
  const db::EventStore events("default");
  const auto month = [&](int offset) {
    return mirror.value("SELECT to_char((clock_timestamp() AT TIME ZONE 'UTC') + interval '1 month' * " +
                        std::to_string(offset) + ", '\"events_\"YYYY_MM')");
  };
  {
    db::Transaction transaction(connection);
    events.prepare_partitions(transaction);
    events.prepare_partitions(transaction);
    transaction.commit();
  }
  CHECK(mirror.partitions() == std::vector<std::string>{month(0), month(1)});

  // Somebody else's table stays, and so does a month that is not over for long enough.
  mirror.database.execute(
      "CREATE TABLE workos.events_kept PARTITION OF workos.events FOR VALUES FROM ('2001-01-01') TO ('2002-01-01')");
  {
    db::Transaction transaction(connection);
    const auto instant = *parse_instant("2020-05-17T12:00:00Z");
    events.keep(transaction, {{"event_1", "user.updated", instant, "users", "user_1", "{}", "", true, false}});
    transaction.commit();
  }
  REQUIRE(mirror.partitions().size() == 4);
  db::Transaction transaction(connection);
  const std::int64_t days_90 = std::int64_t{90} * 86'400;
  CHECK(events.months_older_than(transaction, days_90 * 1'000).empty());
  auto old = events.months_older_than(transaction, days_90);
  REQUIRE(old.size() == 1);
  CHECK(old.front().name == "events_2020_05");
  CHECK(events.forget(transaction, old.front(), 100) == db::Forgetting::dropped);
  transaction.commit();
  CHECK(mirror.partitions() == std::vector<std::string>{month(0), month(1), "events_kept"});
}

TEST_CASE("a month of the archive stays while something in it is needed, or somebody reads it") {
  ArchiveFixture mirror;
  auto connection = mirror.database.connect();
  const db::EventStore events("default");
  const auto instant = *parse_instant("2020-05-17T12:00:00Z");
  const auto keep = [&](const db::EventStore& store, const char* id, const char* error) {
    db::Transaction transaction(connection);
    store.keep(transaction, {{id, "user.updated", instant, "users", "user_1", "{}", error, true, false}});
    transaction.commit();
  };
  const auto forget = [&] {
    db::Transaction transaction(connection);
    db::OldMonth month{"events_2020_05"};
    const auto outcome = events.forget(transaction, month, 100);
    transaction.commit();
    return outcome;
  };
  const auto kept = [&] { return mirror.value("SELECT string_agg(id, ' ' ORDER BY id) FROM workos.events"); };

  keep(events, "event_1", "");
  keep(events, "event_2", "poison");
  keep(db::EventStore("other"), "event_3", "");
  CHECK(forget() == db::Forgetting::kept);
  CHECK(kept() == "event_2 event_3");
  mirror.database.execute("DELETE FROM workos.events");

  auto reader = mirror.database.connect();
  {
    db::Transaction reading(reader);
    reading.run("SELECT count(*) FROM workos.events");
    CHECK(forget() == db::Forgetting::kept);
    reading.commit();
  }
  CHECK(forget() == db::Forgetting::dropped);
}

TEST_CASE("no secret of an event reaches the database, by tail or by webhook") {
  ArchiveFixture mirror;
  mirror.options.events.also = {"magic_auth.created", "password_reset.created", "email_verification.created"};
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.change([](Store& store) {
    const auto append = [&](std::string_view type, const std::string& data) {
      store.events().append(type, data, "", store.now());
    };
    const std::string times = R"("created_at":"2026-01-15T12:00:00.000Z","updated_at":"2026-01-15T12:00:00.000Z")";
    append("invitation.created",
           R"({"object":"invitation","id":"invitation_1","email":"a@example.com","state":"pending",)"
           R"("token":"hidden-1","accept_invitation_url":"https://hidden-2",)" +
               times + "}");
    append("organization_domain.created",
           R"({"object":"organization_domain","id":"org_domain_1","organization_id":"org_1","domain":"a.example",)"
           R"("verification_token":"hidden-3",)" +
               times + "}");
    append("organization.created",
           R"({"object":"organization","id":"org_1","name":"A","domains":[{"object":"organization_domain",)"
           R"("id":"org_domain_2","organization_id":"org_1","domain":"b.example","verification_token":"hidden-4",)" +
               times + "}]," + times + "}");
    append("magic_auth.created", R"({"object":"magic_auth","id":"magic_auth_1","code":"hidden-5"})");
    append("password_reset.created", R"({"object":"password_reset","id":"password_reset_1",)"
                                     R"("password_reset_token":"hidden-6","password_reset_url":"https://hidden-7"})");
    append("email_verification.created",
           R"({"object":"email_verification","id":"email_verification_1","code":"hidden-8"})");
    // Even one that can't be decoded is parked without them.
    append("invitation.created", R"({"object":"invitation","token":"hidden-9"})");
  });
  const auto texts = mirror.event_texts();
  REQUIRE(std::ranges::count_if(texts, [](const auto& text) { return text.find("hidden-") != std::string::npos; }) ==
          7);
  if (GENERATE(true, false)) mirror.deliver_all(daemon);
  daemon.catch_up();
  CHECK(mirror.count("SELECT count(*) FROM workos.events WHERE raw IS NOT NULL") == 7);
  CHECK(mirror.count("SELECT count(*) FROM workos.events WHERE error IS NOT NULL") == 1);
  for (const char* table :
       {"events", "organizations", "organization_domains", "invitations", "changes", "quarantine"}) {
    CAPTURE(table);
    CHECK(mirror.count(std::string("SELECT count(*) FROM workos.") + table +
                       " AS kept WHERE kept::text LIKE '%hidden-%'") == 0);
  }
}

TEST_CASE("events of types that nobody has heard of are archived and are no error") {
  ArchiveFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.workos.arm({.name = "unknown-event", .count = 3});
  daemon.catch_up();
  CHECK(mirror.workos.fired("unknown-event") == 3);
  CHECK(mirror.count("SELECT count(*) FROM workos.events WHERE type = 'starship.launched' AND error IS NULL AND "
                     "table_name IS NULL AND raw->'data'->>'object' = 'starship'") == 3);
  CHECK(daemon.board().events().archived == 3);
  CHECK(daemon.board().events().parked == 0);
  CHECK(mirror.cursor() == mirror.newest_event_id());
}

}  // namespace mirror::tests
