#include <map>
#include <nlohmann/json.hpp>

#include "model/streams.hpp"
#include "tests/catch.hpp"
#include "tests/harness/feed_replay.hpp"
#include "tests/harness/mirror_fixture.hpp"
#include "tests/simulator/changes.hpp"

using namespace mirror;
using namespace mirror::harness;
using simulator::Kind;
using simulator::World;

namespace {

struct FeedFixture : MirrorFixture {
  FeedFixture()
      : MirrorFixture({.directory = {.organizations = 8, .users = 150, .memberships = 200, .invitations = 30}}) {
    options.brake.min_count = options.brake.max_count = 1'000;  // this is not about the brake
    workos.with([](World& world) { world.clock.freeze(true); });
    if (!all_certified(sync())) throw std::runtime_error("the first load got no certificate");
  }

  /// A working day: some of everything, also back from the dead.
  void change_much(std::uint64_t seed) {
    workos.with([&](World& world) {
      world.clock.advance(std::chrono::minutes(10));
      simulator::Changes changes(world.store, seed);
      for (const auto kind : simulator::all_kinds) {
        // First of all: what is created and erased on one day was never in the mirror, and can't be revived there.
        for (const auto& id : changes.erase(kind, 2)) gone_[kind].push_back(id);
        changes.create(kind, 4);
        changes.update(kind, 6);
      }
      changes.sign_in(5);
      auto& users = gone_[Kind::users];
      if (users.size() > 2) {
        world.store.create(Kind::users, {{"id", users.front()}, {"email", users.front() + "@people.example"}});
        users.erase(users.begin());
      }
    });
  }

  std::vector<sync::StreamResult> sweep() {
    workos.with([](World& world) { world.clock.advance(std::chrono::minutes(1)); });
    return sync();
  }

  std::int64_t position() { return database.count("SELECT feed_seq FROM workos.lease"); }

 private:
  std::map<Kind, std::vector<std::string>> gone_;
};

}  // namespace

TEST_CASE("a first load leaves one row per table in the feed, not one per object") {
  FeedFixture mirror;
  CHECK(mirror.database.count("SELECT count(*) FROM workos.changes WHERE op <> 'snapshot'") == 0);
  for (const auto* stream : all_streams()) {
    CAPTURE(stream->name);
    CHECK(mirror.database.count("SELECT count(*) FROM workos.changes WHERE id IS NULL AND table_name = '" +
                                std::string(stream->table->name) + "'") == 1);
  }
}

TEST_CASE("the feed's numbers have no gap and follow the order of commits") {
  FeedFixture mirror;
  for (std::uint64_t day = 1; day <= 3; ++day) {
    mirror.change_much(day);
    CHECK(MirrorFixture::all_certified(mirror.sweep()));
  }
  const auto count = mirror.database.count("SELECT count(*) FROM workos.changes");
  CHECK(count > 60);
  CHECK(mirror.database.count("SELECT max(seq) FROM workos.changes") == count);
  CHECK(mirror.position() == count);
  // xmin is the writing transaction; one writer commits them in the order of their numbers.
  CHECK(mirror.database.count("SELECT count(*) FROM (SELECT xmin::text::bigint < lag(xmin::text::bigint)"
                              " OVER (ORDER BY seq) AS earlier FROM workos.changes) AS pairs WHERE earlier") == 0);
}

TEST_CASE("an update leaves what the row held before") {
  FeedFixture mirror;
  const auto id = mirror.workos.with([](World& world) {
    world.clock.advance(std::chrono::minutes(1));
    const std::string first = world.store.table(Kind::users).order().begin()->second->id;
    world.store.update(Kind::users, first, {{"first_name", "Renamed"}});
    return first;
  });
  const auto before = mirror.database.value("SELECT _raw FROM workos.users WHERE id = '" + id + "'");
  mirror.sweep();
  CHECK(mirror.database.rows("SELECT table_name, op, via, before FROM workos.changes WHERE id = '" + id + "'") ==
        std::vector<std::vector<std::string>>{{"users", "update", "list", before}});
}

TEST_CASE("the feed read backwards gives every earlier state of the mirror") {
  FeedFixture mirror;
  std::vector<std::pair<std::int64_t, MirrorContent>> history;
  for (std::uint64_t day = 1; day <= 4; ++day) {
    history.emplace_back(mirror.position(), read_content(mirror.database));
    mirror.change_much(day);
    REQUIRE(MirrorFixture::all_certified(mirror.sweep()));
    REQUIRE(mirror.differences().empty());
  }
  for (const char* op : {"insert", "update", "delete", "revive"}) {
    CAPTURE(op);
    CHECK(mirror.database.count("SELECT count(*) FROM workos.changes WHERE op = '" + std::string(op) + "'") > 0);
  }
  const auto now = read_content(mirror.database);
  for (const auto& [position, then] : history) {
    CAPTURE(position);
    auto rewound = now;
    rewind(rewound, mirror.database, position);
    CHECK(rewound.size() == then.size());
    for (const auto& [key, state] : then) {
      CAPTURE(key);
      REQUIRE(rewound[key] == state);
    }
  }
}
