// What was true when: history by source time.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "db/feed_retention.hpp"
#include "db/transaction.hpp"
#include "model/streams.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/harness/skipping_clock.hpp"
#include "tests/harness/truth_comparison.hpp"
#include "tests/sync/tail_fixture.hpp"

using namespace mirror;
using namespace mirror::harness;
using simulator::Kind;
using simulator::Store;

namespace {

/// A directory whose first load is over for a while.
struct HistoryFixture : TailFixture {
  HistoryFixture() {
    // The API tells milliseconds.
    workos.with([](simulator::World& world) { world.clock.set({world.clock.now().microseconds / 1'000 * 1'000}); });
    daemon.sweep_all();
    pass();
  }

  SkippingClock clock;
  SteppedMirror daemon{database.options(), options, api::make_api_client(api_options, clock), clock};

  /// Long enough for what an answer's Date does not tell.
  void pass() {
    advance(std::chrono::seconds{10});
    clock.wait_for(std::chrono::seconds{10}, {});
    daemon.catch_up();
  }
  Instant now() {
    return workos.with([](simulator::World& world) { return world.clock.now(); });
  }
  std::string users_at(Instant moment, const std::string& what) {
    return value("SELECT " + what + " FROM workos.users_as_of('" + to_string(moment) + "')");
  }
  std::string error_of(const std::string& query) {
    return caught_error([&] { database.execute(query); }).what();
  }
  std::vector<std::vector<std::string>> history_of(const std::string& user) {
    return database.rows(
        "SELECT content->>'first_name', valid_from, valid_to, lives, via, changed FROM workos.history('users', '" +
        user + "')");
  }
};

std::string database_text(Instant instant) {
  auto text = to_string(instant);
  text.replace(text.find('T'), 1, " ");
  while (text.find('.') != text.npos && (text.ends_with("0Z") || text.ends_with(".Z"))) text.erase(text.size() - 2, 1);
  return text.replace(text.size() - 1, 1, "+00");
}

}  // namespace

TEST_CASE("the past is what the directory held then, whatever happened since") {
  HistoryFixture mirror;
  const Instant then = mirror.now();
  std::map<std::string, std::vector<std::string>> truth;
  for (const auto* table : all_tables()) truth[std::string(table->name)] = mirror.workos.truth(table->name);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    mirror.change_some(seed);
    mirror.pass();
  }
  for (const auto* table : all_tables()) {
    CAPTURE(table->name);
    CHECK(differences_as_of(mirror.database, *table, truth[std::string(table->name)], then, "default").empty());
  }
  // The same columns as the live view, made of the object as it was received.
  const std::string columns =
      "id, email, email_verified, first_name, metadata, last_sign_in_at, created_at, updated_at, _raw";
  CHECK(mirror.count("SELECT count(*) FROM workos.users_as_of((SELECT caught_up_through FROM workos.event_tails)) "
                     "WHERE _hash IS NULL") > 0);
  CHECK(mirror.count("SELECT count(*) FROM (SELECT " + columns + " FROM workos.users_live EXCEPT ALL SELECT " +
                     columns +
                     " FROM workos.users_as_of((SELECT caught_up_through FROM workos.event_tails))) AS others") == 0);
  CHECK(std::stoll(mirror.users_at(then, "count(*)")) == 40);
}

TEST_CASE("an instant that the mirror did not watch is refused, not guessed") {
  HistoryFixture mirror;
  const auto as_of = [&](const std::string& moment, const std::string& more = "") {
    return mirror.error_of("SELECT * FROM workos.users_as_of(" + moment + more + ")");
  };
  const std::string through = "(SELECT caught_up_through FROM workos.event_tails)";
  CHECK_THAT(as_of("'2001-01-01'"), ContainsSubstring("AM020") && ContainsSubstring("begins at"));
  CHECK_THAT(as_of("(SELECT history_since FROM workos.streams WHERE stream = 'users') - interval '1 microsecond'"),
             ContainsSubstring("AM020"));
  CHECK_THAT(as_of(through + " + interval '1 microsecond'"), ContainsSubstring("AM021"));
  CHECK_THAT(as_of(through, ", 'other'"), ContainsSubstring("AM022"));
  CHECK_THAT(as_of("NULL"), ContainsSubstring("22004"));
  CHECK_NOTHROW(mirror.count("SELECT count(*) FROM workos.users_as_of(" + through + ")"));

  mirror.database.execute("INSERT INTO workos.streams (_env, stream) VALUES ('other', 'users')");
  CHECK_THAT(as_of(through), ContainsSubstring("AM022") && ContainsSubstring("default, other"));
  CHECK_THAT(as_of(through, ", 'other'"), ContainsSubstring("has not begun"));
  CHECK_NOTHROW(mirror.count("SELECT count(*) FROM workos.users_as_of(" + through + ", 'default')"));
}

TEST_CASE("a version that comes after a newer one is put at its place in source time") {
  HistoryFixture mirror;
  const auto user = mirror.any(Kind::users);
  const auto first = mirror.first_name(user);
  const auto told = mirror.events_told();
  mirror.rename(user, "Ada");
  const Instant ada = mirror.now();
  mirror.rename(user, "Bea");
  const Instant bea = mirror.now();
  const auto events = mirror.event_texts(told);
  mirror.daemon.deliver(events.at(1));
  CHECK(mirror.first_name(user) == "Bea");
  CHECK(mirror.history_of(user).size() == 2);

  mirror.daemon.deliver(events.at(0));
  mirror.daemon.deliver(events.at(0));
  mirror.pass();
  CHECK(mirror.first_name(user) == "Bea");
  CHECK(mirror.count("SELECT count(*) FROM workos.changes WHERE op = 'late'") == 1);
  const auto history = mirror.history_of(user);
  REQUIRE(history.size() == 3);
  CHECK(history[0][0] == first);
  CHECK(history[1] ==
        std::vector<std::string>{"Ada", database_text(ada), database_text(bea), "t", "event", "{first_name}"});
  CHECK(history[2] == std::vector<std::string>{"Bea", database_text(bea), "NULL", "t", "event", "{first_name}"});
  const std::string name = "max(first_name) FILTER (WHERE id = '" + user + "')";
  CHECK(mirror.users_at({ada.microseconds - 1}, name) == first);
  CHECK(mirror.users_at(ada, name) == "Ada");
  CHECK(mirror.users_at({bea.microseconds - 1}, name) == "Ada");
  CHECK(mirror.users_at(bea, name) == "Bea");
}

TEST_CASE("the event of a version that a list showed first gives it its place among those of one millisecond") {
  HistoryFixture mirror;
  const auto user = mirror.any(Kind::users);
  const auto told = mirror.events_told();
  mirror.rename(user, "Ada");
  const Instant tick = mirror.now();
  mirror.workos.with([&](simulator::World& world) {
    world.store.update(Kind::users, user, simulator::Json{{"first_name", "Bea"}});
  });
  const auto events = mirror.event_texts(told);
  mirror.daemon.sweep(*find_stream("users"));
  REQUIRE(mirror.first_name(user) == "Bea");
  // In any order, and twice: the list had shown what the second one tells.
  for (const auto place : {1, 0, 1}) mirror.daemon.deliver(events.at(static_cast<std::size_t>(place)));
  mirror.daemon.settle_doubts();
  CHECK(mirror.count("SELECT count(*) FROM workos.changes WHERE op = 'late'") == 2);
  mirror.rename(user, "Cleo");
  mirror.pass();
  const std::string name = "max(first_name) FILTER (WHERE id = '" + user + "')";
  CHECK(mirror.users_at(tick, name) == "Bea");
  CHECK(mirror.first_name(user) == "Cleo");
}

TEST_CASE("a deletion stands at the time of its event, though a sweep noticed it and its children first") {
  HistoryFixture mirror;
  const auto user = mirror.value("SELECT user_id FROM workos.organization_memberships_live LIMIT 1");
  const auto at = [&](Instant moment) {
    return mirror.count(
        fmt::format("SELECT (SELECT count(*) FROM workos.users_as_of('{0}') WHERE id = '{1}') + "
                    "(SELECT count(*) FROM workos.organization_memberships_as_of('{0}') WHERE user_id = '{1}')",
                    to_string(moment), user));
  };
  const auto living =
      mirror.count("SELECT 1 + count(*) FROM workos.organization_memberships_live WHERE user_id = '" + user + "'");
  mirror.change([&](Store& store) {
    // Their own events are lost.
    std::vector<std::string> members;
    for (const auto& [position, membership] : store.memberships_of_user(user)) members.push_back(membership->id);
    for (const auto& id : members) store.erase(Kind::organization_memberships, id, {.event = false});
    store.erase(Kind::users, user);
  });
  const Instant death = mirror.now();
  mirror.advance(std::chrono::minutes{5});
  mirror.daemon.sweep_all();
  CHECK(mirror.value("SELECT _deleted_by FROM workos.users WHERE id = '" + user + "'") == "sweep");
  mirror.pass();
  CHECK(mirror.value("SELECT _deleted_by FROM workos.users WHERE id = '" + user + "'") == "event");
  CHECK(at({death.microseconds - 1}) == living);
  CHECK(at(death) == 0);
  CHECK(at({death.microseconds + 60'000'000}) == 0);
}

TEST_CASE("a member of whom is told once an answer has shown the end of their organization lived until its event") {
  HistoryFixture mirror;
  const auto organization = mirror.any(Kind::organizations);
  const auto told = mirror.events_told();
  const auto member = mirror.change([&](Store& store) {
    const auto user = store.create(Kind::users, {{"email", "a@example.com"}}).id;
    return store.create(Kind::organization_memberships, {{"user_id", user}, {"organization_id", organization}}).id;
  });
  mirror.workos.with([](simulator::World& world) {
    world.clock.set({world.clock.now().microseconds / 1'000'000 * 1'000'000 + 489'000});
  });
  mirror.change([&](Store& store) { store.erase(Kind::organizations, organization); });
  const Instant death = mirror.now();
  const Instant alive{death.microseconds - 100'000};
  // The Date of the answer is cut to the second: the organization seems to have ended before it did.
  mirror.daemon.sweep(organizations());
  REQUIRE(mirror.value("SELECT _deleted_by FROM workos.organizations WHERE id = '" + organization + "'") == "sweep");
  const auto events = mirror.event_texts(told);
  mirror.daemon.deliver(
      *std::ranges::find_if(events, [&](const auto& text) { return text.find(member) != text.npos; }));
  REQUIRE(mirror.count("SELECT count(*) FROM workos.organization_memberships WHERE id = '" + member +
                       "' AND _deleted_at < '" + to_string(alive) + "'") == 1);
  mirror.pass();
  const auto lives_at = [&](Instant moment) {
    return mirror.count("SELECT count(*) FROM workos.organization_memberships_as_of('" + to_string(moment) +
                        "') WHERE id = '" + member + "'") == 1;
  };
  CHECK(lives_at(alive));
  CHECK(!lives_at(death));
  CHECK(mirror.value("SELECT via || ' ' || (event_id IS NOT NULL) FROM workos.history('organization_memberships', '" +
                     member + "') WHERE lives") == "event true");
}

TEST_CASE("what changes without an event is known from when it was seen") {
  HistoryFixture mirror;
  const auto user = mirror.any(Kind::users);
  mirror.change([&](Store& store) {
    store.update(Kind::users, user, {{"last_sign_in_at", "2026-01-02T03:04:05.000Z"}},
                 {.event = false, .touch = false});
  });
  const Instant signed_in = mirror.now();
  mirror.pass();
  mirror.daemon.sweep(users());
  const Instant seen = mirror.now();
  mirror.pass();
  const std::string last = "max(last_sign_in_at::text) FILTER (WHERE id = '" + user + "')";
  CHECK(mirror.users_at(signed_in, last) != "2026-01-02 03:04:05+00");
  CHECK(mirror.users_at({seen.microseconds + 1'000'000}, last) == "2026-01-02 03:04:05+00");
  CHECK(mirror.history_of(user).back()[5] == "{last_sign_in_at}");
}

TEST_CASE("what is older than changes.retention is dropped by whole months, and whoever asks for it is told") {
  HistoryFixture mirror;
  const Instant before = mirror.now();
  mirror.change_some(1);
  mirror.pass();
  const auto last = mirror.value("SELECT max(observed_at) FROM workos.changes");
  mirror.database.execute("SELECT workos.create_consumer('slow', 'start')");
  CHECK(std::stoll(mirror.users_at(before, "count(*)")) == 40);

  const auto month = mirror.value("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', '\"changes_\"YYYY_MM')");
  mirror.database.execute("ALTER TABLE workos." + month + " RENAME TO changes_2020_05");
  auto connection = mirror.database.connect();
  const db::FeedRetention feed("default");
  {
    db::Transaction transaction(connection);
    CHECK(feed.months_older_than(transaction, 100'000L * 86'400).empty());
    auto old = feed.months_older_than(transaction, 90L * 86'400);
    REQUIRE(old.size() == 1);
    CHECK(feed.forget(transaction, old.front(), 100'000) == db::Forgetting::dropped);
    feed.prepare_partitions(transaction);
    feed.prepare_partitions(transaction);
    transaction.commit();
  }
  CHECK(mirror.count("SELECT count(*) FROM workos.changes") == 0);
  CHECK_THAT(mirror.error_of("SELECT * FROM workos.users_as_of('" + to_string(before) + "')"),
             ContainsSubstring("AM020"));
  CHECK(mirror.value("SELECT max(history_since) FROM workos.streams") == last);
  CHECK_NOTHROW(mirror.count("SELECT count(*) FROM workos.users_as_of('" + last + "')"));
  CHECK_THAT(mirror.error_of("SELECT * FROM workos.consume('slow')"), ContainsSubstring("AM023"));

  // And the mirror goes on in the new month.
  mirror.change_some(2);
  mirror.pass();
  CHECK(mirror.count("SELECT count(*) FROM workos." + month) > 0);
  CHECK_THAT(mirror.error_of("SELECT * FROM workos.consume('slow')"), ContainsSubstring("AM023"));
  mirror.database.execute("SELECT workos.create_consumer('quick', 'start')");
  CHECK(mirror.count("SELECT count(*) FROM workos.consume('quick')") > 0);
}
