// Those who follow the change feed.

#include <map>
#include <nlohmann/json.hpp>

#include "api/event_decoder.hpp"
#include "db/feed_reader.hpp"
#include "db/transaction.hpp"
#include "model/streams.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/harness/feed_replay.hpp"
#include "tests/harness/test_role.hpp"
#include "tests/sync/tail_fixture.hpp"

using namespace mirror;
using namespace mirror::harness;

namespace {

/// What the README tells a consumer to do, done by one that keeps the contents in memory.
class Follower {
 public:
  Follower(TestDatabase& database, std::string name)
      : database_(database), connection_(database.connect()), name_(std::move(name)) {}

  /// Returns whether there was anything.
  bool take(int most) {
    db::Transaction transaction(connection_);
    const auto changes = transaction.run(
        "SELECT table_name, COALESCE(id, ''), op, COALESCE(after_change::text, '') FROM workos.consume($1, $2, "
        "'default')",
        name_, most);
    for (const auto& change : changes)
      apply(change[0].c_str(), change[1].c_str(), change[2].c_str(), change[3].c_str());
    transaction.commit();
    return !changes.empty();
  }
  [[nodiscard]] const std::map<std::string, std::string>& contents() const { return contents_; }

 private:
  void apply(const std::string& table, const std::string& id, const std::string& op, const std::string& after) {
    if (op == "snapshot") {
      for (const auto& row : database_.rows("SELECT id, _raw FROM workos." + table + "_live")) {
        contents_[table + "/" + row[0]] = row[1];
      }
    } else if (op == "delete") {
      contents_.erase(table + "/" + id);
    } else if (op != "late") {
      contents_[table + "/" + id] = after;
    }
  }

  TestDatabase& database_;
  db::Connection connection_;
  std::string name_;
  std::map<std::string, std::string> contents_;
};

std::map<std::string, std::string> live_contents(TestDatabase& database) {
  std::map<std::string, std::string> contents;
  for (const auto& [key, state] : read_content(database)) {
    if (state.lives) contents[key] = state.raw;
  }
  return contents;
}

}  // namespace

TEST_CASE("a consumer that begins with nothing before the first load ends with exactly the mirror") {
  TailFixture mirror;
  SteppedMirror daemon(mirror);
  mirror.database.execute("SELECT workos.create_consumer('all', 'start', 'default')");
  Follower follower(mirror.database, "all");
  const auto follow_some = [&](int most) { follower.take(most); };

  // What events tell before, between and after the pages of the first load.
  daemon.poll();
  mirror.change_some(1);
  daemon.catch_up();
  std::uint64_t seed = 10;
  for (const auto* stream : all_streams()) {
    follow_some(3);
    daemon.sweep(*stream);
    follow_some(4);
    mirror.change_some(++seed);
    for (const auto& event : mirror.event_texts(mirror.events_told() - 6)) daemon.deliver(event);
    follow_some(7);
    daemon.catch_up();
  }
  for (int day = 0; day < 4; ++day) {
    mirror.change_some(++seed);
    if (day % 2 == 0) daemon.catch_up();
    mirror.advance(std::chrono::minutes{10});
    daemon.sweep_all();
    follow_some(11);
  }
  while (follower.take(13)) {
  }
  CHECK(follower.contents() == live_contents(mirror.database));
  CHECK(mirror.value("SELECT lag FROM workos.consumer_lag") == "0");

  // One that reads the tables after it was created begins anywhere.
  mirror.database.execute("SELECT workos.create_consumer('later')");
  CHECK(mirror.value("SELECT lag FROM workos.consumer_lag WHERE name = 'later'") == "0");
}

TEST_CASE("a consumer's position moves with the transaction that took the changes, and not without it") {
  TailFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.change_some(1);
  daemon.catch_up();
  mirror.database.execute("SELECT workos.create_consumer('jobs', 'start')");
  const db::FeedReader feed("default");
  auto connection = mirror.database.connect();
  std::vector<std::string> first;
  {
    db::Transaction transaction(connection);
    for (const auto& line : feed.consume(transaction, "jobs", 7)) first.push_back(line.json);
    REQUIRE(first.size() == 7);
    CHECK(feed.consume(transaction, "jobs", 1).at(0).seq == 8);
  }
  {
    db::Transaction transaction(connection);
    const auto again = feed.consume(transaction, "jobs", 7);
    REQUIRE(again.size() == 7);
    for (std::size_t i = 0; i < again.size(); ++i) CHECK(again[i].json == first[i]);
    CHECK(nlohmann::json::parse(again[0].json)["change_id"] == "default:1");

    // Another one of the same name waits.
    auto other_connection = mirror.database.connect();
    db::Transaction other(other_connection);
    other.run("SET LOCAL lock_timeout = '50ms'");
    CHECK_THAT(caught_error([&] { (void)feed.consume(other, "jobs", 7); }).what(), ContainsSubstring("55P03"));
    transaction.commit();
  }
  db::Transaction transaction(connection);
  CHECK(feed.consume(transaction, "jobs", 1).at(0).seq == 8);
  CHECK_THAT(caught_error([&] { (void)feed.consume(transaction, "nobody", 1); }).what(), ContainsSubstring("AM024"));
}

TEST_CASE("each change carries the content before and after it") {
  TailFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  const auto user = mirror.any(simulator::Kind::users);
  const auto first = mirror.first_name(user);
  in_one_batch(daemon, [&] {
    mirror.rename(user, "Ada");
    mirror.rename(user, "Bea");
    for (const auto& event : mirror.event_texts()) {
      sync::EventWrite write;
      write.page = api::decode_event(event, {});
      write.page.answered_at = write.page.events.front().created_at;
      daemon.session().writer.push(std::move(write), {});
    }
  });
  mirror.change([&](simulator::Store& store) { store.erase(simulator::Kind::users, user); });
  daemon.catch_up();
  CHECK(mirror.database.rows("SELECT op, before->>'first_name', after_change->>'first_name' FROM "
                             "workos.changes_after(0, 1000) WHERE id = '" +
                             user + "'") == std::vector<std::vector<std::string>>{{"update", first, "Ada"},
                                                                                  {"update", "Ada", "Bea"},
                                                                                  {"delete", "Bea", "NULL"}});
}

TEST_CASE("whoever may consume needs nothing but that right") {
  TailFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.database.execute("SELECT workos.create_consumer('jobs', 'start')");
  TestRole role(mirror.database);
  db::Connection connection(role.options(), "test");
  const auto consume = [&] {
    db::Transaction transaction(connection);
    return transaction.run("SELECT * FROM workos.consume('jobs', 3)").size();
  };
  mirror.database.execute("GRANT USAGE ON SCHEMA workos TO " + role.name());
  CHECK(caught_error([&] { consume(); }).fault() == Fault::refused);
  mirror.database.execute("GRANT EXECUTE ON FUNCTION workos.consume(text, integer, text) TO " + role.name());
  CHECK(consume() == 3);
  CHECK(caught_error([&] {
          db::Transaction transaction(connection);
          transaction.run("SELECT * FROM workos.changes");
        }).fault() == Fault::refused);
}
