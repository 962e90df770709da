// Erasure: nothing of a person is left, nothing of them comes back, and nobody else is touched.

#include "db/erasure.hpp"

#include <nlohmann/json.hpp>

#include "db/erasure_places.hpp"
#include "db/mirror_reader.hpp"
#include "db/transaction.hpp"
#include "model/streams.hpp"
#include "support/fault_point.hpp"
#include "sync/command_text.hpp"
#include "sync/person_erasure.hpp"
#include "sync/verification.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/harness/engine_process.hpp"
#include "tests/harness/wait_until.hpp"
#include "tests/sync/erasure_fixture.hpp"
#include "tests/sync/meanwhile.hpp"

namespace mirror::tests {
namespace {

using harness::EngineProcess;
using harness::SteppedMirror;
using simulator::Json;
using simulator::Kind;
using simulator::Store;
using Rows = std::vector<std::vector<std::string>>;

const std::vector<std::string> none;

}  // namespace

TEST_CASE("nothing of an erased person is left in any table, and nothing of others is touched") {
  ErasureFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  daemon.catch_up();
  mirror.change_person();
  daemon.catch_up();
  const bool is_deleted = GENERATE(true, false);
  CAPTURE(is_deleted);
  if (is_deleted) mirror.delete_person();
  daemon.catch_up();
  mirror.make_trouble();
  REQUIRE(mirror.traces().size() > 20);
  const auto others = mirror.others();
  const auto feed = mirror.count("SELECT count(*) FROM workos.changes");

  const auto erasure = mirror.erase(daemon);

  CHECK(mirror.traces() == none);
  CHECK((mirror.others() == others));
  CHECK(erasure.first_at == erasure.erased_at);
  // The feed keeps its numbers, and tells of the erasure by a name that only the key's owner can give.
  CHECK(mirror.count("SELECT max(seq) FROM workos.changes") == mirror.count("SELECT count(*) FROM workos.changes"));
  CHECK(mirror.count("SELECT feed_seq FROM workos.lease") == mirror.count("SELECT max(seq) FROM workos.changes"));
  CHECK(mirror.database.rows("SELECT table_name, count(*) FROM workos.changes WHERE op = 'erase' AND seq > " +
                             std::to_string(feed) + " GROUP BY 1 ORDER BY 1") ==
        Rows{{"invitations", "2"}, {"organization_memberships", "2"}, {"users", "1"}});
  CHECK(mirror.value("SELECT id = workos.erased_name('" + mirror.person +
                     "', 'default') FROM workos.changes WHERE op = 'erase' AND table_name = 'users'") == "t");
  CHECK(
      mirror.count("SELECT count(*) FROM workos.changes WHERE op = 'erased' AND (id IS NOT NULL OR before IS NOT NULL "
                   "OR event_id IS NOT NULL)") == 0);
  // The invitation that they sent is somebody else's.
  CHECK(mirror.value("SELECT email || COALESCE(inviter_user_id, '') || (_raw->'inviter_user_id')::text FROM "
                     "workos.invitations WHERE id = '" +
                     mirror.sent + "'") == "friend@elsewhere.examplenull");
}

TEST_CASE("an erased person does not come back by webhook, poll, replay, retry or sweep") {
  ErasureFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  daemon.catch_up();
  mirror.erase(daemon);
  REQUIRE(mirror.traces() == none);
  // Still at WorkOS: the hardest case.
  mirror.change_person();
  daemon.catch_up();
  for (const auto& text : mirror.event_texts()) CHECK(daemon.deliver(text) == sync::Delivery::applied);
  sync::replay_events(daemon.session(), {}, {});
  sync::retry_events(daemon.session(), false, {});
  daemon.sweep_all();
  daemon.catch_up();
  CHECK(daemon.board().left_out() > 8);
  mirror.advance(std::chrono::seconds{2});
  const auto feed = mirror.count("SELECT count(*) FROM workos.changes");
  for (const auto* stream : all_streams()) CHECK(daemon.sweep(*stream).state == "certified");
  CHECK(mirror.count("SELECT count(*) FROM workos.changes") == feed);
  // No event told of the invitation that they sent; the sweep brought it before the tail had reached its time.
  CHECK(mirror.database.rows("SELECT table_name, cause, rows, example_id FROM workos.drift") ==
        Rows{{"invitations", "in_flight", "1", mirror.sent}});
  CHECK(mirror.traces() == none);

  // Deleted after all, by events that name memberships only.
  mirror.delete_person();
  daemon.catch_up();
  CHECK(mirror.traces() == none);

  // A later sign-up has a new id.
  mirror.change([&](Store& store) {
    mirror.words[0] = store.create(Kind::users, {{"email", "erika@mustermann.example"}}).id;
  });
  daemon.catch_up();
  CHECK(mirror.is_live("users", mirror.words[0]));
}

TEST_CASE("what is queued behind an erasure, and what is read by id, finds the door closed") {
  ErasureFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  daemon.catch_up();
  mirror.change_person();
  const auto found = mirror.find(mirror.person);
  std::future<void> delivered;
  std::future<db::Erasure> erased;
  std::promise<void> reached;
  std::promise<void> go_on;
  auto holder = std::async(std::launch::async, [&] {
    daemon.session().writer.run(
        [&](sync::WriteSession&) {
          reached.set_value();
          go_on.get_future().wait();
        },
        {});
  });
  reached.get_future().wait();
  erased = std::async(std::launch::async, [&] { return sync::erase_person(daemon.session(), found, "test", {}); });
  REQUIRE(harness::wait_until([&] { return daemon.session().writer.queued_jobs() == 1; }));
  const auto texts = mirror.event_texts();
  std::vector<std::future<sync::Delivery>> webhooks;
  for (const auto& text : texts) {
    webhooks.push_back(std::async(std::launch::async, [&] { return daemon.deliver(text); }));
  }
  REQUIRE(harness::wait_until([&] { return daemon.session().writer.queued_jobs() == 1 + texts.size(); }));
  daemon.session().writer.push(
      sync::SingleWrite{nullptr, daemon.session().api.get(*users().table, mirror.person, api::Lane::confirm, {}),
                        std::nullopt},
      {});
  go_on.set_value();
  holder.get();
  erased.get();
  for (auto& webhook : webhooks) CHECK(webhook.get() == sync::Delivery::applied);
  daemon.session().writer.flush({});
  CHECK(mirror.traces() == none);
}

TEST_CASE("an erasure that crashes before its commit removed nothing, and the next one removes all") {
  ErasureFixture mirror;
  Rows before;
  {
    SteppedMirror daemon(mirror);
    daemon.sweep_all();
    daemon.catch_up();
    before = mirror.database.rows("SELECT u FROM workos.users AS u ORDER BY id");
    const FaultPointObserver crash([](std::string_view name) {
      if (name == "erasure.before_commit") throw Error(Fault::unavailable, "crashed");
    });
    CHECK_THROWS_AS(mirror.erase(daemon), Error);
    daemon.abandon();
  }
  CHECK(mirror.database.rows("SELECT u FROM workos.users AS u ORDER BY id") == before);
  CHECK(mirror.count("SELECT count(*) FROM workos.erased_ids") == 0);
  mirror.database.execute("UPDATE workos.lease SET holder = NULL");
  SteppedMirror next(mirror);
  mirror.erase(next);
  CHECK(mirror.traces() == none);
  CHECK(mirror.count("SELECT count(*) FROM workos.erasures") == 1);
}

TEST_CASE("a writer that lost the lease before an erasure and wakes up after it writes nothing") {
  ErasureFixture mirror;
  SteppedMirror old(mirror);
  old.sweep_all();
  old.catch_up();
  mirror.change_person();
  const auto texts = mirror.event_texts();
  mirror.database.execute("UPDATE workos.lease SET holder = NULL");
  SteppedMirror daemon(mirror);
  mirror.erase(daemon);
  for (const auto& text : texts) {
    CHECK_THROWS_AS(old.deliver(text), Error);
    break;
  }
  old.abandon();
  CHECK(mirror.traces() == none);
}

TEST_CASE("a person may be erased twice, and an id that nobody has is kept out from then on") {
  ErasureFixture mirror;
  SteppedMirror daemon(mirror);
  const auto unknown = sync::erase_person(daemon.session(), mirror.find(mirror.person), "test", {});
  CHECK(unknown.places.empty());
  daemon.sweep_all();
  CHECK_FALSE(mirror.is_live("users", mirror.person));
  const auto again = mirror.erase(daemon);
  CHECK(again.hash == unknown.hash);
  CHECK(again.first_at == unknown.erased_at);
  CHECK(again.first_at != again.erased_at);
  CHECK(mirror.count("SELECT count(*) FROM workos.erasures WHERE repeated_at IS NOT NULL") == 1);
}

TEST_CASE("an open hold counts what an erasure leaves in it") {
  ErasureFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.database.execute(
      "WITH hold AS (INSERT INTO workos.holds (_env, stream, cause, deletions, live_rows, reason) VALUES ('default', "
      "'users', 'event', 2, 9, 'many') RETURNING id) INSERT INTO workos.hold_items (hold_id, table_name, id) "
      "SELECT hold.id, 'users', held FROM hold, unnest(ARRAY['" +
      mirror.person + "', 'user_other']) AS held");
  mirror.delete_person();
  mirror.erase(daemon);
  CHECK(mirror.value("SELECT deletions FROM workos.holds") == "1");
}

TEST_CASE("an erasure while a sweep asks for the person leaves no id in the sweep's records") {
  Meanwhile meanwhile("snapshot.before_bury", 1);
  ErasureFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  daemon.catch_up();
  mirror.change([&](Store& store) { store.erase(Kind::users, mirror.person, {.event = false}); });
  meanwhile.action = [&] { mirror.erase(daemon); };
  daemon.sweep(*find_stream("users"));
  CHECK(meanwhile.has_happened());
  CHECK(mirror.traces() == none);
}

TEST_CASE("whoever asks a daemon that ended right after an erasure is told that it was carried out") {
  const auto told = harness::caught_error([] { sync::read_erasure_arguments("{}"); });
  CHECK(told.fault() == Fault::unavailable);
  CHECK_THAT(told.what(), ContainsSubstring("was erased"));
  CHECK_THAT(told.next_step(), ContainsSubstring("run the command again"));
}

TEST_CASE("verify does not miss an erased person who still exists at WorkOS") {
  ErasureFixture mirror;
  {
    SteppedMirror daemon(mirror);
    daemon.sweep_all();
    mirror.erase(daemon);
    daemon.sweep_all();
  }
  mirror.advance(std::chrono::seconds{5});
  SystemClock clock;
  sync::StatusBoard board(clock);
  db::MirrorReader reader(mirror.database.options(), mirror.options.environment);
  const api::DirectoryApi api(api::make_api_client(mirror.api_options, clock));
  sync::VerificationOptions options;
  options.second_look.pause = {};
  for (const auto& table : sync::Verification(api, reader, mirror.options, clock, board, options).run({})) {
    CAPTURE(table.table->name);
    CHECK(table.is_equal());
  }
}

TEST_CASE("the command refuses what is no user's id and who still exists, and works with and without a daemon") {
  ErasureFixture mirror;
  mirror.workos.with([](simulator::World& world) { world.clock.freeze(false); });
  REQUIRE(harness::MirrorFixture::all_certified(mirror.sync()));
  EngineProcess command(mirror);
  const auto refused = [&](const std::string& id, const std::string& why) {
    CAPTURE(id);
    CHECK_THROWS_WITH(command.engine().erase(id, "test", false, {}), ContainsSubstring(why));
  };
  refused("erika@mustermann.example", "not by an email address");
  refused(mirror.any(Kind::organizations), "is a row of organizations");
  refused("org_01K3F7PRDWYZT26TBHE5KVFZGX", "is not the id of a user");
  refused("a user", "can't be the id");
  refused(mirror.person, "still exists at WorkOS");
  REQUIRE(mirror.is_live("users", mirror.person));

  const bool has_daemon = GENERATE(true, false);
  CAPTURE(has_daemon);
  EngineProcess daemon(mirror);
  if (has_daemon) {
    daemon.start();
    REQUIRE(harness::wait_until([&] { return daemon.is(sync::Role::writer); }));
  }
  const auto erasure = command.engine().erase(mirror.person, "test", true, {});
  CHECK_FALSE(erasure.places.empty());
  if (has_daemon) {
    CHECK(mirror.value("SELECT outcome || arguments::text FROM workos.commands WHERE kind = 'erase'") == "done{}");
    daemon.stop();
  }
  REQUIRE(harness::MirrorFixture::all_certified(mirror.sync()));
  mirror.database.execute("DELETE FROM workos.walks WHERE state = 'running'");
  CHECK(mirror.traces() == none);
}

TEST_CASE("every column that could hold something of a person is in the inventory of erasure") {
  harness::TailFixture mirror;
  std::set<std::pair<std::string, std::string>> known;
  for (const auto& place : db::erasure_places()) known.emplace(place.table, place.column);
  const auto columns = mirror.database.rows(
      "SELECT c.relname, a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid "
      "WHERE c.relnamespace = 'workos'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition "
      "AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> '_env' AND a.atttypid::regtype::text NOT IN "
      "('boolean', 'integer', 'bigint', 'timestamp with time zone', 'double precision')");
  REQUIRE(columns.size() > 60);
  for (const auto& column : columns) {
    CAPTURE(column[0], column[1]);
    CHECK((known.contains({column[0], column[1]}) || known.contains({column[0], "*"})));
  }
}

}  // namespace mirror::tests
