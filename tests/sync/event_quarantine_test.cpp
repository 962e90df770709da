// Rule R10 for events: one that can't be applied is parked, everything around it goes on.

#include <thread>

#include "sync/event_replay.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/harness/wait_until.hpp"
#include "tests/sync/tail_fixture.hpp"

namespace mirror::tests {
namespace {

using harness::caught_error;
using harness::SteppedMirror;
using harness::TailFixture;
using simulator::Json;
using simulator::Kind;
using simulator::Store;
using simulator::World;

struct QuarantineFixture : TailFixture {
  QuarantineFixture() : TailFixture({.directory = {.organizations = 2, .users = 20, .memberships = 10}}) {}

  /// The newest event becomes what `break_it` makes of it.
  template <typename Break>
  void spoil_newest(Break break_it) {
    workos.with([&](World& world) {
      auto& log = world.store.events();
      log.spoil(log.size() - 1, break_it(log.at(log.size() - 1).text));
    });
  }
  void spoil_newest_with(std::string text) {
    spoil_newest([&](const std::string&) { return text; });
  }
  /// Renames a user, by an event whose `data` has another name until mend().
  std::string park_rename() {
    const auto user = any(Kind::users);
    rename(user, "Spoiled");
    spoil_newest(
        [](const std::string& text) { return std::string(text).replace(text.find(R"("data")"), 6, R"("date")"); });
    return user;
  }
  /// What is parked reads as an event now, as if this version understood it.
  void mend() {
    database.execute(
        "UPDATE workos.events SET raw = raw - 'date' || jsonb_build_object('data', raw -> 'date') WHERE error IS NOT "
        "NULL");
  }
  void was_tried_by_another_version() {
    database.execute("UPDATE workos.events SET tried_version = '0.0.1' WHERE error IS NOT NULL");
  }
  std::int64_t parked() { return count("SELECT count(*) FROM workos.events WHERE error IS NOT NULL"); }
  std::int64_t attempts() { return count("SELECT attempts FROM workos.events WHERE error IS NOT NULL"); }
};

/// The tail from a daemon's start to the end of its first poll.
void start_tail_and_stop(SteppedMirror& daemon) {
  const auto polls = daemon.board().tail().polls;
  const std::jthread tail([&](const std::stop_token& stop) { daemon.tail().run(stop); });
  REQUIRE(harness::wait_until([&] { return daemon.board().tail().polls > polls; }));
}

struct Poison {
  const char* name;
  std::string (*of)(std::string event);
};

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const auto place = text.find(what);
  if (place == std::string::npos) throw std::logic_error("the event has no " + what);
  return text.replace(place, what.size(), by);
}

template <typename Change>
std::string changed(const std::string& event, Change change) {
  auto json = Json::parse(event);
  change(json);
  return json.dump();
}

std::string with_name(const std::string& event, const std::string& json_text) {
  return replaced(event, R"("Spoiled")", json_text);
}

std::string huge_text() {
  std::string text = "\"";
  text.append(5 << 20, 'x');
  return text += '"';
}

/// Each makes something else of the update of a user to the name "Spoiled".
const Poison poisons[] = {
    {"data without an id", [](std::string e) { return changed(e, [](Json& j) { j["data"].erase("id"); }); }},
    {"data of another type", [](std::string e) { return changed(e, [](Json& j) { j["data"]["object"] = "group"; }); }},
    {"data that is no object", [](std::string e) { return changed(e, [](Json& j) {
                                                     j["data"] = {1, 2};
                                                   }); }},
    {"no data", [](std::string e) { return changed(e, [](Json& j) { j.erase("data"); }); }},
    {"5 MiB", [](std::string e) { return with_name(e, huge_text()); }},
    {"nested 10,000 deep",
     [](std::string e) { return with_name(e, std::string(10'000, '[') + std::string(10'000, ']')); }},
    {"data of a time without year",
     [](std::string e) {
       return changed(e, [](Json& j) { j["data"]["updated_at"] = "+275760-09-13T00:00:00.000Z"; });
     }},
    {"created in the year 275760",
     [](std::string e) { return changed(e, [](Json& j) { j["created_at"] = "275760-09-13T00:00:00.000Z"; }); }},
    {"created at an impossible offset",
     [](std::string e) { return changed(e, [](Json& j) { j["created_at"] = "2026-01-15T12:00:00+99:99"; }); }},
    {"created before the year 0001 in UTC",
     [](std::string e) { return changed(e, [](Json& j) { j["created_at"] = "0001-01-01T00:00:00+15:00"; }); }},
    {"created behind the year 9999 in UTC",
     [](std::string e) { return changed(e, [](Json& j) { j["created_at"] = "9999-12-31T23:59:59-15:00"; }); }},
    {"no created_at", [](std::string e) { return changed(e, [](Json& j) { j.erase("created_at"); }); }},
    {"no id", [](std::string e) { return changed(e, [](Json& j) { j.erase("id"); }); }},
    {"neither id nor created_at",
     [](std::string e) {
       return changed(e, [](Json& j) {
         j.erase("id");
         j.erase("created_at");
       });
     }},
    {"no type", [](std::string e) { return changed(e, [](Json& j) { j.erase("event"); }); }},
    {"a number", [](std::string) { return std::string("42"); }},
    {"a list", [](std::string) { return std::string("[[]]"); }},
    {"null", [](std::string) { return std::string("null"); }},
};

}  // namespace

TEST_CASE("an event that can't be applied is parked with its error, the others of its page are applied") {
  const std::size_t number = GENERATE(range(std::size_t{0}, std::size(poisons)));
  const Poison& poison = poisons[number];
  CAPTURE(poison.name);
  QuarantineFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.rename(mirror.any(Kind::users), "Start");
  daemon.catch_up();
  const auto users = mirror.some(Kind::users, 3);
  mirror.rename(users[0], "Before");
  mirror.rename(users[1], "Spoiled");
  mirror.spoil_newest([&](const std::string& text) { return poison.of(text); });
  mirror.rename(users[2], "Behind");
  daemon.catch_up();
  CHECK(mirror.first_name(users[0]) == "Before");
  CHECK(mirror.first_name(users[1]) != "Spoiled");
  CHECK(mirror.first_name(users[2]) == "Behind");
  CHECK(mirror.cursor() == mirror.newest_event_id());
  CHECK(mirror.parked() == 1);
  CHECK(mirror.value("SELECT length(error) > 10 AND error NOT LIKE '%example.com%' FROM workos.events WHERE error IS "
                     "NOT NULL") == "t");
  CHECK(daemon.board().events().parked == 1);
  daemon.catch_up();
  CHECK(mirror.parked() == 1);
  CHECK(daemon.board().tail().recoveries == 0);

  CHECK(mirror.attempts() == 1);
  CHECK(sync::retry_events(daemon.session(), false, {}).parked == 1);
  CHECK(mirror.attempts() == 2);
  // What this version can't read is not tried again at every start.
  CHECK(sync::retry_events(daemon.session(), true, {}).read == 0);
  CHECK(mirror.attempts() == 2);
}

TEST_CASE("text that PostgreSQL can't hold is repaired and applied") {
  const std::string spoiled = GENERATE(as<std::string>{}, R"("a\u0000b")", R"("a\ud83db")",
                                       "\"a\xff"
                                       "b\"");
  QuarantineFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto user = mirror.any(Kind::users);
  mirror.rename(user, "Spoiled");
  mirror.spoil_newest([&](const std::string& text) { return with_name(text, spoiled); });
  const bool by_webhook = GENERATE(true, false);
  if (by_webhook) {
    CHECK(daemon.deliver(mirror.event_texts().back()) == sync::Delivery::applied);
  } else {
    daemon.catch_up();
  }
  CHECK(mirror.first_name(user) ==
        "a\xEF\xBF\xBD"
        "b");
  CHECK(mirror.parked() == 0);
}

TEST_CASE("an event that PostgreSQL refuses is parked alone") {
  QuarantineFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto users = mirror.some(Kind::users, 3);
  mirror.rename(users[0], "Before");
  mirror.rename(users[1], "Spoiled");
  mirror.spoil_newest([&](const std::string& text) { return with_name(text, R"("Spoiled","quota":1e999999)"); });
  mirror.rename(users[2], "Behind");
  daemon.catch_up();
  CHECK(mirror.first_name(users[0]) == "Before");
  CHECK(mirror.first_name(users[1]) != "Spoiled");
  CHECK(mirror.first_name(users[2]) == "Behind");
  CHECK(mirror.cursor() == mirror.newest_event_id());
  CHECK(mirror.value("SELECT raw IS NULL AND error IS NOT NULL FROM workos.events WHERE object_id = '" + users[1] +
                     "'") == "t");
  CHECK(mirror.parked() == 1);
}

TEST_CASE("events of the first and the last year that PostgreSQL holds are kept") {
  QuarantineFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.rename(mirror.any(Kind::users), "Start");
  daemon.catch_up();
  for (const std::string year : {"0001", "9999"}) {
    mirror.rename(mirror.any(Kind::users), "Strange " + year);
    mirror.spoil_newest([&](const std::string& text) {
      return changed(text, [&](Json& json) { json["created_at"] = year + "-12-31T23:59:59.999Z"; });
    });
  }
  daemon.catch_up();
  CHECK(mirror.count("SELECT count(*) FROM workos.events WHERE tableoid::regclass::text IN ('workos.events_0001_12', "
                     "'workos.events_9999_12') AND error IS NULL") == 2);
  CHECK(mirror.differences() == std::vector<std::string>{});
}

TEST_CASE("the newest event may lack id and time: it is parked once, and the tail stays where it is") {
  QuarantineFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto user = mirror.any(Kind::users);
  mirror.rename(user, "First");
  daemon.catch_up();
  const auto cursor = mirror.cursor();
  mirror.rename(user, "Spoiled");
  mirror.spoil_newest([](const std::string& text) {
    return changed(text, [](Json& json) {
      json.erase("id");
      json.erase("created_at");
    });
  });
  for (int i = 0; i < 4; ++i) {
    mirror.advance(std::chrono::minutes{1});
    daemon.catch_up();
  }
  CHECK(mirror.parked() == 1);
  CHECK(mirror.cursor() == cursor);
  CHECK(daemon.board().tail().recoveries == 0);
  CHECK(daemon.resyncs() == 0);
  mirror.rename(user, "Last");
  daemon.catch_up();
  CHECK(mirror.first_name(user) == "Last");
  CHECK(mirror.cursor() == mirror.newest_event_id());
}

TEST_CASE("the last event of a page may lack an id and claim to be old: the tail goes on") {
  QuarantineFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto user = mirror.any(Kind::users);
  mirror.rename(user, "First");
  mirror.rename(user, "Spoiled");
  mirror.spoil_newest([](const std::string& text) {
    return changed(text, [](Json& json) {
      json.erase("id");
      json["created_at"] = "2001-01-01T00:00:00.000Z";
    });
  });
  daemon.catch_up();
  CHECK(mirror.first_name(user) == "First");
  CHECK(mirror.parked() == 1);
}

TEST_CASE("an event whose time can't be read is parked once, by whichever way and however often it comes") {
  QuarantineFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto user = mirror.any(Kind::users);
  mirror.rename(user, "Spoiled");
  mirror.spoil_newest([](const std::string& text) {
    return changed(text, [](Json& json) { json["created_at"] = "2026-01-01T00:00:00+99:99"; });
  });
  daemon.deliver(mirror.event_texts().back());
  mirror.advance(std::chrono::minutes{1});
  daemon.catch_up();
  mirror.advance(std::chrono::minutes{1});
  daemon.deliver(mirror.event_texts().back());
  CHECK(mirror.parked() == 1);
}

TEST_CASE("a page that is mostly poison stops the tail before anything of it is applied") {
  QuarantineFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto users = mirror.some(Kind::users, 12);
  mirror.rename(users[0], "Start");
  daemon.catch_up();
  const auto cursor = mirror.cursor();
  for (std::size_t i = 0; i < users.size(); ++i) {
    mirror.rename(users[i], "Changed");
    if (i < 7) mirror.spoil_newest([](const std::string& text) { return replaced(text, R"("data")", R"("date")"); });
  }
  const auto error = caught_error([&] { daemon.poll(); });
  CHECK(error.fault() == Fault::unavailable);
  CHECK(std::string(error.what()).find("7 of 12 events of a page can't be decoded") != std::string::npos);
  CHECK(!error.next_step().empty());
  CHECK(mirror.cursor() == cursor);
  CHECK(mirror.count("SELECT count(*) FROM workos.users WHERE first_name = 'Changed'") == 0);
  CHECK(mirror.parked() == 0);
}

TEST_CASE("a page that is half poison is applied") {
  QuarantineFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto users = mirror.some(Kind::users, 12);
  for (std::size_t i = 0; i < users.size(); ++i) {
    mirror.rename(users[i], "Changed");
    if (i < 6) mirror.spoil_newest([](const std::string& text) { return replaced(text, R"("data")", R"("date")"); });
  }
  daemon.catch_up();
  CHECK(mirror.parked() == 6);
  CHECK(mirror.count("SELECT count(*) FROM workos.users WHERE first_name = 'Changed'") == 6);
}

TEST_CASE("a deletion event needs no more than the id of what it deletes") {
  QuarantineFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto users = mirror.some(Kind::users, 2);
  mirror.change([&](Store& store) {
    for (const auto& id : {users[0], std::string("user_never_seen")}) {
      if (store.find(Kind::users, id) != nullptr) store.erase(Kind::users, id, {.event = false});
      store.events().append("user.deleted", Json{{"object", "user"}, {"id", id}}.dump(), "", store.now());
    }
  });
  daemon.catch_up();
  CHECK(mirror.value("SELECT _deleted_by FROM workos.users WHERE id = '" + users[0] + "'") == "event");
  CHECK(mirror.value("SELECT _deleted_by FROM workos.users WHERE id = 'user_never_seen'") == "event");
  CHECK(mirror.is_live("users", users[1]));
  CHECK(mirror.parked() == 0);
}

TEST_CASE("a deletion event whose content PostgreSQL refuses deletes all the same") {
  QuarantineFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto user = mirror.any(Kind::users);
  mirror.change([&](Store& store) { store.erase(Kind::users, user); });
  mirror.spoil_newest(
      [](const std::string& text) { return replaced(text, R"("first_name")", R"("quota":1e999999,"first_name")"); });
  daemon.catch_up();
  CHECK(mirror.value("SELECT raw IS NULL FROM workos.events WHERE id = '" + mirror.newest_event_id() + "'") == "t");
  CHECK(mirror.value("SELECT _deleted_by FROM workos.users WHERE id = '" + user + "'") == "event");
  CHECK(mirror.parked() == 0);
}

TEST_CASE("an event that claims to be of the far future does not outlast what is observed later") {
  QuarantineFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto user = mirror.any(Kind::users);
  mirror.rename(user, "Before");
  mirror.spoil_newest([](const std::string& text) {
    // The event's own time comes last.
    std::string spoiled = text;
    const auto at = spoiled.rfind(R"("created_at":")") + 14;
    return spoiled.replace(at, 4, "9999");
  });
  daemon.catch_up();
  REQUIRE(mirror.count("SELECT count(*) FROM workos.events WHERE created_at > '9000-01-01'") == 1);
  CHECK(mirror.first_name(user) == "Before");
  mirror.change([&](Store& store) { store.erase(Kind::users, user, {.event = false}); });
  daemon.sweep_all();
  CHECK_FALSE(mirror.is_live("users", user));
}

TEST_CASE("a parked event that has become readable is applied by a retry and leaves the quarantine") {
  QuarantineFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto user = mirror.park_rename();
  daemon.catch_up();
  REQUIRE(mirror.parked() == 1);
  REQUIRE(mirror.first_name(user) != "Spoiled");
  mirror.mend();
  const auto outcome = sync::retry_events(daemon.session(), false, {});
  CHECK(outcome.read == 1);
  CHECK(outcome.parked == 0);
  CHECK(mirror.parked() == 0);
  CHECK(mirror.first_name(user) == "Spoiled");
  CHECK(mirror.value("SELECT object_id FROM workos.events WHERE id = '" + mirror.newest_event_id() + "'") == user);
  CHECK(sync::retry_events(daemon.session(), false, {}).read == 0);
}

TEST_CASE("the first start of another version tries the quarantine again, without being asked") {
  QuarantineFixture mirror;
  std::string user;
  {
    SteppedMirror daemon(mirror);
    daemon.sweep_all();
    user = mirror.park_rename();
    daemon.catch_up();
  }
  mirror.mend();
  {
    SteppedMirror same_version(mirror);
    start_tail_and_stop(same_version);
    CHECK(mirror.parked() == 1);
  }
  mirror.was_tried_by_another_version();
  SteppedMirror upgraded(mirror);
  start_tail_and_stop(upgraded);
  CHECK(mirror.parked() == 0);
  CHECK(mirror.first_name(user) == "Spoiled");
}

TEST_CASE("what another version can't read either is tried once by it and not at each of its starts") {
  QuarantineFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.park_rename();
  daemon.catch_up();
  mirror.was_tried_by_another_version();
  REQUIRE(mirror.attempts() == 1);
  for (int start = 0; start < 2; ++start) {
    start_tail_and_stop(daemon);
    CHECK(mirror.attempts() == 2);
  }
  CHECK(mirror.parked() == 1);
}

}  // namespace mirror::tests
