// Rule R4: how the tail finds its way back when its cursor, its range or its process is lost.

#include <algorithm>

#include "db/transaction.hpp"
#include "model/streams.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/harness/skipping_clock.hpp"
#include "tests/harness/wait_until.hpp"
#include "tests/sync/meanwhile.hpp"
#include "tests/sync/tail_fixture.hpp"

namespace mirror::tests {
namespace {

using harness::caught_error;
using harness::SteppedMirror;
using harness::TailFixture;
using simulator::Kind;
using simulator::World;
using std::chrono::hours;

constexpr hours day{24};
const std::vector<std::string> none;

/// Without invitations: they expire as time goes by, and no event tells of it.
struct LongTailFixture : TailFixture {
  LongTailFixture() : TailFixture({.directory = {.organizations = 4, .users = 20, .memberships = 20}}) {}

  void change_users(std::uint64_t seed) {
    change([&](simulator::Store& store) { simulator::Changes(store, seed).update(Kind::users, 2); });
  }
  /// The newest event says that it is of the year 9999.
  void claim_future() {
    workos.with([](World& world) {
      auto& log = world.store.events();
      auto event = simulator::Json::parse(log.at(log.size() - 1).text);
      event["created_at"] = "9999-12-31T23:59:59.999Z";
      log.spoil(log.size() - 1, event.dump());
    });
  }
  /// Targets of the requests for events that were answered, from the first on.
  std::vector<std::string> requests() {
    auto pages = workos.with([](World& world) { return world.log.pages_in_order(); });
    std::erase_if(pages, [](const std::string& page) { return !page.starts_with("/events"); });
    return pages;
  }
  std::string recoveries() { return value("SELECT recoveries FROM workos.event_tails"); }
  std::string snapshots() { return value("SELECT count(*) FROM workos.snapshots"); }
  std::string tail_row() { return value("SELECT ctid || ' ' || xmin FROM workos.event_tails"); }
};

/// With its colons.
std::string decoded(const std::string& parameter) {
  std::string text;
  for (std::size_t i = 0; i < parameter.size(); ++i) {
    const bool is_colon = parameter.compare(i, 3, "%3A") == 0;
    text += is_colon ? ':' : parameter[i];
    if (is_colon) i += 2;
  }
  return text;
}

}  // namespace

TEST_CASE("a cursor that is refused or ignored once is anchored anew: nothing is lost, no list is read anew") {
  const auto fault = GENERATE(as<std::string>{}, "refused-cursor", "ignored-cursor");
  CAPTURE(fault);
  LongTailFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.change_users(1);
  daemon.catch_up();
  REQUIRE(mirror.cursor() == mirror.newest_event_id());
  mirror.change_users(2);
  mirror.workos.arm({.name = fault, .target = "/events", .count = 1});
  daemon.catch_up();
  CHECK(mirror.workos.fired(fault) == 1);
  CHECK(mirror.differences_events_tell() == none);
  CHECK(mirror.cursor() == mirror.newest_event_id());
  CHECK(daemon.resyncs() == 0);
  CHECK(daemon.board().tail().recoveries == 1);
  daemon.catch_up();
  CHECK(mirror.recoveries() == "0");  // the new cursor was accepted
}

TEST_CASE("a cursor whose event WorkOS has forgotten is anchored anew") {
  LongTailFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.change_users(1);
  daemon.catch_up();
  mirror.workos.with([](World& world) {
    world.clock.advance(std::chrono::minutes{1});
    world.store.events().forget_before(world.clock.now());
  });
  mirror.change_users(2);
  daemon.catch_up();
  CHECK(mirror.differences_events_tell() == none);
  CHECK(daemon.board().tail().recoveries == 1);
  CHECK(daemon.resyncs() == 0);
}

TEST_CASE("a second refusal in a row reads every list anew, the third waits for a person") {
  LongTailFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.change_users(1);
  daemon.catch_up();
  mirror.workos.arm({.name = "refused-cursor", .target = "/events", .count = -1});
  daemon.catch_up();
  CHECK(daemon.resyncs() == 0);
  daemon.catch_up();
  CHECK(daemon.resyncs() == 1);
  CHECK(mirror.count("SELECT count(*) FROM workos.streams WHERE error LIKE 'events were lost%'") == 4);
  mirror.change_users(2);
  const auto cursor = mirror.cursor();
  REQUIRE(!cursor.empty());  // without one the API had answered
  for (int i = 0; i < 3; ++i) {
    const auto error = caught_error([&] { daemon.poll(); });
    CHECK(error.fault() == Fault::bad_data);
    CHECK(error.next_step().find("authkit-mirror events restart") != std::string::npos);
  }
  CHECK(daemon.resyncs() == 1);
  CHECK(mirror.cursor() == cursor);

  mirror.workos.clear_faults();
  daemon.catch_up();
  CHECK(mirror.differences_events_tell() == none);
  CHECK(mirror.recoveries() == "0");
  CHECK(daemon.resyncs() == 1);
}

TEST_CASE("after a recovery without a new cursor an idle tail writes no more than any other") {
  LongTailFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.change_users(1);
  daemon.catch_up();
  mirror.advance(hours{1});
  daemon.catch_up();
  mirror.workos.arm({.name = "refused-cursor", .target = "/events", .count = 1});
  daemon.catch_up();
  REQUIRE(mirror.recoveries() == "1");
  daemon.catch_up();
  const auto row = mirror.tail_row();
  for (int i = 0; i < 3; ++i) daemon.catch_up();
  CHECK(mirror.tail_row() == row);
}

TEST_CASE("a tail that was never away loses and repeats nothing in 30 or 90 quiet days") {
  const int days = GENERATE(30, 90);
  LongTailFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.change_users(1);
  daemon.catch_up();
  const auto received = daemon.board().events().received;
  for (int i = 0; i < days; ++i) {
    mirror.advance(day);
    daemon.catch_up();
  }
  CHECK(mirror.cursor().empty());  // the old one was replaced before the API could forget it
  CHECK(daemon.board().events().received == received);
  mirror.change_users(2);
  daemon.catch_up();
  CHECK(mirror.differences_events_tell() == none);
  CHECK(daemon.board().events().received == received + 2);
  CHECK(daemon.board().tail().recoveries == 0);
  CHECK(daemon.resyncs() == 0);
}

TEST_CASE("a daemon that was away for less than WorkOS keeps events loses and repeats nothing") {
  const int days = GENERATE(30, 89);
  const bool has_cursor = GENERATE(true, false);
  CAPTURE(days, has_cursor);
  LongTailFixture mirror;
  {
    SteppedMirror daemon(mirror);
    daemon.poll();
    daemon.sweep_all();
    if (has_cursor) mirror.change_users(1);
    daemon.catch_up();
  }
  REQUIRE(mirror.cursor().empty() != has_cursor);
  const auto told = mirror.events_told();
  for (int i = 0; i < days; ++i) {
    mirror.advance(day);
    if (i % 10 == 0) mirror.change_users(static_cast<std::uint64_t>(i));
  }
  SteppedMirror daemon(mirror);
  daemon.catch_up();
  CHECK(mirror.differences_events_tell() == none);
  CHECK(daemon.board().events().received == mirror.events_told() - told);
  CHECK(daemon.board().tail().recoveries == 0);
  CHECK(daemon.resyncs() == 0);
}

TEST_CASE("a sweep that began before events were lost does not begin history anew") {
  Meanwhile meanwhile("snapshot.after_walk", 1);
  LongTailFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.poll();
  daemon.sweep_all();
  mirror.change_users(1);
  daemon.catch_up();
  const auto known_since = [&] {
    return mirror.value("SELECT history_since FROM workos.streams WHERE stream = 'users'");
  };
  REQUIRE(known_since() != "NULL");
  meanwhile.action = [&] {
    mirror.advance(92 * day);
    daemon.catch_up();
  };
  CHECK(daemon.sweep(*find_stream("users")).state == "certified");
  CHECK(meanwhile.has_happened());
  CHECK(daemon.resyncs() == 1);
  CHECK(known_since() == "NULL");
  daemon.sweep(*find_stream("users"));
  CHECK(known_since() != "NULL");
}

TEST_CASE("a daemon that was away for longer than WorkOS keeps events reads every list anew, once") {
  const bool has_cursor = GENERATE(true, false);
  CAPTURE(has_cursor);
  LongTailFixture mirror;
  {
    SteppedMirror daemon(mirror);
    daemon.poll();
    daemon.sweep_all();
    if (has_cursor) mirror.change_users(1);
    daemon.catch_up();
  }
  mirror.change_users(2);
  mirror.advance(92 * day);
  mirror.change_users(3);
  SteppedMirror daemon(mirror);
  daemon.catch_up();
  CHECK(daemon.resyncs() == 1);
  // Nobody knows what happened in the gap.
  CHECK(mirror.database.count("SELECT count(*) FROM workos.streams WHERE history_since IS NOT NULL") == 0);
  daemon.sweep_all();
  CHECK(mirror.database.count("SELECT count(*) FROM workos.streams WHERE history_since IS NULL") == 0);
  CHECK(mirror.differences() == none);
  mirror.change_users(4);
  for (int i = 0; i < 3; ++i) daemon.catch_up();
  CHECK(mirror.differences_events_tell() == none);
  CHECK(daemon.resyncs() == 1);
}

TEST_CASE("an anchor older than a month is read in overlapping stretches") {
  LongTailFixture mirror;
  {
    SteppedMirror daemon(mirror);
    daemon.poll();
    daemon.sweep_all();
  }
  const auto began_at = mirror.value("SELECT anchor + interval '29 days' FROM workos.event_tails");
  mirror.advance(70 * day);
  mirror.workos.with([](World& world) { world.log.clear(); });
  SteppedMirror daemon(mirror);
  daemon.catch_up();
  const auto requests = mirror.requests();
  REQUIRE(requests.size() == 3);
  const auto instant_in = [](const std::string& request, const std::string& key) {
    const auto start = request.find(key + "=");
    if (start == std::string::npos) return std::optional<Instant>();
    return parse_instant(
        decoded(request.substr(start + key.size() + 1, request.find('&', start) - start - key.size() - 1)));
  };
  CHECK(instant_in(requests[0], "range_end") == parse_instant(began_at));
  CHECK(instant_in(requests[1], "range_start").value() < instant_in(requests[0], "range_end").value());
  CHECK(instant_in(requests[2], "range_start").value() < instant_in(requests[1], "range_end").value());
  CHECK(!instant_in(requests[2], "range_end"));
}

TEST_CASE("a server that answers newest first does not move the cursor") {
  LongTailFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.change_users(1);
  daemon.catch_up();
  const auto cursor = mirror.cursor();
  mirror.change_users(2);
  mirror.change_users(3);
  mirror.workos.arm({.name = "reversed-page", .target = "/events", .count = 1});
  const auto error = caught_error([&] { daemon.poll(); });
  CHECK(error.fault() == Fault::unavailable);
  CHECK(std::string(error.what()).find("newest first") != std::string::npos);
  CHECK(mirror.cursor() == cursor);
  daemon.catch_up();
  CHECK(mirror.cursor() == mirror.newest_event_id());
  CHECK(mirror.differences_events_tell() == none);
}

TEST_CASE("a process that is killed between a page and its commit reads the page again") {
  LongTailFixture mirror;
  {
    SteppedMirror daemon(mirror);
    daemon.sweep_all();
    mirror.change_users(1);
    daemon.catch_up();
  }
  const auto cursor = mirror.cursor();
  const auto told = mirror.events_told();
  for (std::uint64_t seed = 100; mirror.events_told() < told + 150; ++seed) mirror.change_users(seed);
  {
    SteppedMirror daemon(mirror);
    auto connection = mirror.database.connect();
    db::Transaction lock(connection);
    lock.run("LOCK TABLE workos.event_tails IN SHARE MODE");
    REQUIRE(daemon.poll());
    const std::string waiting = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    REQUIRE(harness::wait_until([&] { return mirror.count("SELECT count(*) " + waiting) == 1; }));
    CHECK(mirror.count("SELECT count(pg_terminate_backend(pid)) " + waiting) == 1);
    lock.commit();
    CHECK_THROWS_AS(daemon.session().writer.flush({}), Error);
  }
  CHECK(mirror.cursor() == cursor);
  SteppedMirror next(mirror);
  next.catch_up();
  CHECK(next.board().events().received == mirror.events_told() - told);
  CHECK(mirror.cursor() == mirror.newest_event_id());
  CHECK(mirror.differences_events_tell() == none);
  CHECK(mirror.count("SELECT count(*) FROM workos.events") == static_cast<std::int64_t>(mirror.events_told()));
}

TEST_CASE("an event from the far future does not take a later recovery with it") {
  LongTailFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.change_users(1);
  mirror.claim_future();
  daemon.catch_up();
  mirror.change_users(2);
  mirror.workos.arm({.name = "refused-cursor", .target = "/events", .count = 1});
  daemon.catch_up();
  CHECK(mirror.workos.fired("refused-cursor") == 1);
  CHECK(mirror.cursor() == mirror.newest_event_id());
}

TEST_CASE("an event from the far future hides no outage that follows it") {
  LongTailFixture mirror;
  mirror.advance(day);
  {
    SteppedMirror daemon(mirror);
    daemon.sweep_all();
    mirror.change_users(1);
    mirror.claim_future();
    daemon.catch_up();
  }
  mirror.change_users(2);
  mirror.advance(2 * day);
  mirror.workos.arm({.name = "refused-cursor", .target = "/events", .count = 1});
  SteppedMirror daemon(mirror);
  daemon.catch_up();
  CHECK(mirror.workos.fired("refused-cursor") == 1);
  CHECK(mirror.cursor() == mirror.newest_event_id());
  CHECK(mirror.differences_events_tell() == none);
}

TEST_CASE("after an answer that did not arrive whole fewer events are asked for, then more again") {
  LongTailFixture mirror;
  harness::SkippingClock clock;
  SteppedMirror daemon(mirror.database.options(), mirror.options, api::make_api_client(mirror.api_options, clock),
                       clock);
  daemon.sweep_all();
  daemon.catch_up();
  mirror.change_users(1);
  mirror.workos.with([](World& world) { world.log.clear(); });
  mirror.workos.arm({.name = "truncated-json", .target = "/events", .count = 8});
  int failures = 0;
  while (mirror.cursor() != mirror.newest_event_id()) {
    try {
      daemon.poll();
      daemon.session().writer.flush({});
    } catch (const Error&) {
      REQUIRE(++failures < 8);
    }
  }
  REQUIRE(failures > 0);
  for (int i = 0; i < failures; ++i) daemon.poll();
  std::vector<std::string> limits;
  for (const auto& request : mirror.requests()) {
    const auto at = request.find("limit=") + 6;
    const auto limit = request.substr(at, request.find('&', at) - at);
    if (limits.empty() || limits.back() != limit) limits.push_back(limit);
  }
  std::vector<std::string> expected{"100"};
  for (int i = 1; i <= failures; ++i) expected.push_back(std::to_string(100 >> i));
  for (int i = failures - 1; i >= 0; --i) expected.push_back(std::to_string(std::min(100, 2 * (100 >> (i + 1)))));
  CHECK(limits == expected);
}

TEST_CASE("a type of events that the API refuses is dropped with a finding, and the others are followed") {
  LongTailFixture mirror;
  mirror.options.events.also = {"starship.launched", "session.created"};
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.change_users(1);
  mirror.change([](simulator::Store& store) {
    store.events().append("session.created", R"({"object":"session","id":"session_1"})", "", store.now());
  });
  daemon.catch_up();
  CHECK(daemon.tail().dropped_types() == std::set<std::string>{"starship.launched"});
  const auto findings = daemon.board().findings();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].code == "event_type_dropped");
  CHECK(findings[0].subject == "starship.launched");
  CHECK(findings[0].next_step.find("events.also") != std::string::npos);
  CHECK(mirror.differences_events_tell() == none);
  CHECK(mirror.value("SELECT object_id IS NULL AND table_name IS NULL AND error IS NULL AND raw->'data'->>'id' = "
                     "'session_1' FROM workos.events WHERE type = 'session.created'") == "t");
  CHECK(daemon.board().tail().recoveries == 0);
}

TEST_CASE("while a type that changes rows is refused events keep no list fresh and make no history") {
  LongTailFixture mirror;
  const auto states = [&] { return mirror.value("SELECT string_agg(DISTINCT state, ',') FROM workos.freshness"); };
  const auto histories = [&] { return mirror.count("SELECT count(history_since) FROM workos.streams"); };
  {
    SteppedMirror daemon(mirror);
    daemon.sweep_all();
    daemon.catch_up();
    REQUIRE(states() == "followed");
    REQUIRE(histories() == 4);
  }
  mirror.workos.arm(
      {.name = "refused-event-type", .target = "/events", .count = -1, .parameters = {{"name", "user.deleted"}}});
  {
    SteppedMirror daemon(mirror);
    daemon.catch_up();
    CHECK(mirror.workos.fired("refused-event-type") > 0);
    CHECK(daemon.tail().dropped_types() == std::set<std::string>{"user.deleted"});
    CHECK(states() == "listed");
    CHECK(mirror.value("SELECT max(reason) FROM workos.freshness").find("refuses a type") != std::string::npos);
    CHECK(histories() == 0);
    daemon.sweep_all();
    CHECK(states() == "listed");
    CHECK(histories() == 0);
  }
  mirror.workos.clear_faults();
  mirror.advance(std::chrono::minutes{1});
  SteppedMirror daemon(mirror);
  daemon.catch_up();
  CHECK(states() == "listed");
  mirror.advance(std::chrono::minutes{1});
  daemon.sweep_all();
  daemon.catch_up();
  CHECK(states() == "followed");
  CHECK(histories() == 4);
}

}  // namespace mirror::tests
