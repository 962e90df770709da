// `authkit-mirror events` as a process: what is parked is shown, tried again, and rebuilt from the archive.

#include "tests/app/program.hpp"
#include "tests/catch.hpp"

namespace mirror::test {
namespace {

using nlohmann::json;
using simulator::Kind;
using simulator::World;

/// A mirror whose daemon has applied one event, has parked the renaming of a user, and has ended.
struct ParkedEvent : ProgramFixture {
  ParkedEvent() {
    auto daemon = start({"run"});
    REQUIRE(harness::wait_until([&] { return is_following(); }));
    workos.with([](World& world) {
      const auto other = world.store.table(Kind::users).order().rbegin()->second->id;
      world.store.update(Kind::users, other, {{"first_name", "Sound"}});
    });
    rename("Secretname");
    REQUIRE(harness::wait_until([&] { return parked() == 1; }));
    daemon->process().signal(SIGTERM);
    REQUIRE(daemon->process().wait_for(std::chrono::seconds{10}) == 0);
  }

  bool is_following() {
    return database().value("SELECT to_regclass('workos.event_tails') IS NOT NULL") == "t" && certified() == 4 &&
           database().count("SELECT count(*) FROM workos.event_tails WHERE polled_at IS NOT NULL") == 1;
  }
  /// By an event that can't be read: its data has another name.
  void rename(const std::string& name) {
    workos.with([&](World& world) {
      user = world.store.table(Kind::users).order().begin()->second->id;
      auto& log = world.store.events();
      world.store.update(Kind::users, user, {{"first_name", name}});
      event = log.at(log.size() - 1).id;
      std::string text = log.at(log.size() - 1).text;
      log.spoil(log.size() - 1, text.replace(text.find(R"("data")"), 6, R"("date")"));
    });
  }
  /// What is parked reads as an event now, as if this version understood it.
  void mend() {
    database().execute(
        "UPDATE workos.events SET raw = raw - 'date' || jsonb_build_object('data', raw -> 'date') WHERE error IS NOT "
        "NULL");
  }
  std::int64_t parked() { return database().count("SELECT count(*) FROM workos.events WHERE error IS NOT NULL"); }
  std::string first_name() { return database().value("SELECT first_name FROM workos.users WHERE id = '" + user + "'"); }
  /// The answer of --json: the program's log goes to the same file, before it.
  static json answer_of(const Ending& ending) {
    const auto behind_log = ending.output.find("\n{\n");
    return json::parse(ending.output.substr(behind_log == std::string::npos ? 0 : behind_log));
  }

  std::string user;
  std::string event;
};

}  // namespace

TEST_CASE("events list --quarantined shows what is parked, by ids and with its error, never a name") {
  ParkedEvent mirror;
  const Ending listed = mirror.run({"events", "list", "--quarantined"});
  INFO(listed.output);
  CHECK(listed.code == 0);
  CHECK_THAT(listed.output, ContainsSubstring("user.updated") && ContainsSubstring(mirror.event));
  CHECK_THAT(listed.output, ContainsSubstring("(tried 1 times)") && !ContainsSubstring("Secretname"));

  const Ending as_json = mirror.run({"events", "list", "--quarantined", "--json"});
  CHECK(as_json.code == 0);
  CHECK_THAT(as_json.output, !ContainsSubstring("Secretname") && !ContainsSubstring("@"));
  const json events = ParkedEvent::answer_of(as_json).at("events");
  REQUIRE(events.size() == 1);
  CHECK(events[0].at("id") == mirror.event);
  CHECK(events[0].at("type") == "user.updated");
  CHECK(events[0].at("attempts") == 1);
  CHECK(!events[0].at("error").get<std::string>().empty());
  CHECK(!events[0].at("created_at").get<std::string>().empty());

  // Without the flag those that were applied as well; only the parked one has an error.
  const json all = ParkedEvent::answer_of(mirror.run({"events", "list", "--json"})).at("events");
  REQUIRE(all.size() == 2);
  CHECK(all[0].at("error").is_null());
  CHECK(all[1].at("id") == mirror.event);
}

TEST_CASE("events retry exits with 1 while something stays parked, and with 0 once it is applied") {
  ParkedEvent mirror;
  // The command asks a running daemon to do it, and does it itself where none runs.
  std::unique_ptr<Program> daemon;
  if (GENERATE(false, true)) {
    daemon = mirror.start({"run"});
    REQUIRE(harness::wait_until([&] { return daemon->role() == "writer"; }));
  }
  const Ending in_vain = mirror.run({"events", "retry", "--json"});
  INFO(in_vain.output);
  CHECK(in_vain.code == 1);
  CHECK(ParkedEvent::answer_of(in_vain) == json{{"read", 1}, {"parked", 1}});
  CHECK(mirror.database().count("SELECT attempts FROM workos.events WHERE error IS NOT NULL") == 2);

  mirror.mend();
  const Ending retried = mirror.run({"events", "retry"});
  INFO(retried.output);
  CHECK(retried.code == 0);
  CHECK_THAT(retried.output, ContainsSubstring("1 events tried again, 0 still can't be applied"));
  CHECK(mirror.parked() == 0);
  CHECK(mirror.first_name() == "Secretname");
  const Ending listed = mirror.run({"events", "list", "--quarantined"});
  CHECK(listed.code == 0);
  CHECK_THAT(listed.output, ContainsSubstring("no event waits in quarantine"));
}

TEST_CASE("events replay --since rebuilds rows from the archive, and refuses a time that it can't read") {
  ParkedEvent mirror;
  mirror.mend();
  REQUIRE(mirror.run({"events", "retry"}).code == 0);
  const auto archive = mirror.database().rows("SELECT * FROM workos.events ORDER BY id");
  mirror.database().execute("DELETE FROM workos.users WHERE id = '" + mirror.user + "'");

  CHECK(mirror.run({"events", "replay", "--since", "yesterday"}).code == 64);
  const Ending later = mirror.run({"events", "replay", "--since", "2099-01-01T00:00:00Z", "--json"});
  CHECK(ParkedEvent::answer_of(later) == json{{"read", 0}, {"parked", 0}});
  CHECK(mirror.first_name().empty());

  const Ending replayed = mirror.run({"events", "replay", "--since", "2h"});
  INFO(replayed.output);
  CHECK(replayed.code == 0);
  CHECK_THAT(replayed.output, ContainsSubstring("2 events tried again, 0 still can't be applied"));
  CHECK(mirror.first_name() == "Secretname");
  CHECK(mirror.database().rows("SELECT * FROM workos.events ORDER BY id") == archive);
}

}  // namespace mirror::test
