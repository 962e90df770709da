// Rule R1: what events leave in doubt is settled by a read of the object, whatever becomes of the process meanwhile.

#include "tests/catch.hpp"
#include "tests/sync/tail_fixture.hpp"

namespace mirror::tests {
namespace {

using harness::SteppedMirror;
using harness::TailFixture;
using simulator::Json;
using simulator::Kind;
using simulator::Store;

struct DoubtFixture : TailFixture {
  std::string user = any(Kind::users);

  /// Two contents under one `updated_at`: the order of the list and the event can't be told.
  void make_tie(SteppedMirror& daemon) {
    rename(user, "First");
    daemon.poll();
    workos.with([&](simulator::World& world) {
      world.store.update(Kind::users, user, Json{{"first_name", "Second"}});
    });
    daemon.poll();
    daemon.session().writer.flush({});
  }
  std::int64_t doubts() { return count("SELECT count(*) FROM workos.doubts"); }
};

}  // namespace

TEST_CASE("a tie is settled by a read of the object") {
  DoubtFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.make_tie(daemon);
  CHECK(mirror.doubts() == 1);
  CHECK(mirror.first_name(mirror.user) == "First");
  CHECK(daemon.board().events().doubtful == 1);
  daemon.settle_doubts();
  CHECK(mirror.doubts() == 0);
  CHECK(mirror.first_name(mirror.user) == "Second");
  CHECK(mirror.differences() == std::vector<std::string>{});
}

TEST_CASE("a process that ends between raising and settling a doubt leaves it to the next one") {
  DoubtFixture mirror;
  {
    SteppedMirror daemon(mirror);
    daemon.sweep_all();
    mirror.make_tie(daemon);
  }
  REQUIRE(mirror.doubts() == 1);
  SteppedMirror next(mirror);
  next.settle_doubts();
  CHECK(mirror.doubts() == 0);
  CHECK(mirror.first_name(mirror.user) == "Second");
}

TEST_CASE("a doubt that the API can't settle now stays") {
  DoubtFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.make_tie(daemon);
  mirror.workos.arm({.name = "403-one-list", .target = "/user_management/users/"});
  CHECK_THROWS_AS(daemon.settle_doubts(), Error);
  CHECK(mirror.doubts() == 1);
  mirror.workos.clear_faults();
  daemon.settle_doubts();
  CHECK(mirror.first_name(mirror.user) == "Second");
}

TEST_CASE("a doubt that is raised again while it is being settled stays") {
  DoubtFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  mirror.make_tie(daemon);
  std::vector<db::Doubt> read;
  const auto in_writer = [&](auto action) {
    daemon.session().writer.run([&](sync::WriteSession& write) { action(write.tables.doubts, write.transaction); }, {});
  };
  in_writer([&](const auto& doubts, auto& transaction) { read = doubts.read(transaction, 10); });
  REQUIRE(read.size() == 1);
  in_writer([&](const auto& doubts, auto& transaction) {
    doubts.raise(transaction, {{"users", mirror.user, {}, {}, {}}});
  });
  in_writer([&](const auto& doubts, auto& transaction) { doubts.settle(transaction, read); });
  CHECK(mirror.doubts() == 1);
  daemon.settle_doubts();
  CHECK(mirror.doubts() == 0);
}

TEST_CASE("a deletion that is older than what the mirror saw alive is settled by a read of the object") {
  const bool is_gone = GENERATE(true, false);
  CAPTURE(is_gone);
  DoubtFixture mirror;
  SteppedMirror daemon(mirror);
  daemon.sweep_all();
  daemon.catch_up();
  const auto deletion = mirror.change([&](Store& store) {
    return store.events()
        .append("user.deleted", Json{{"object", "user"}, {"id", mirror.user}}.dump(), "", store.now())
        .text;
  });
  mirror.change([&](Store& store) {
    store.update(Kind::users, mirror.user, Json{{"first_name", "Alive"}}, {.event = false});
  });
  daemon.sweep_all();  // saw it alive after the event was made
  if (is_gone) mirror.change([&](Store& store) { store.erase(Kind::users, mirror.user, {.event = false}); });
  CHECK(daemon.deliver(deletion) == sync::Delivery::applied);
  CHECK(mirror.doubts() == 1);
  CHECK(mirror.is_live("users", mirror.user));
  daemon.settle_doubts();
  CHECK(mirror.doubts() == 0);
  CHECK(mirror.is_live("users", mirror.user) != is_gone);
  if (is_gone) CHECK(mirror.value("SELECT _deleted_by FROM workos.users WHERE id = '" + mirror.user + "'") == "event");
}

}  // namespace mirror::tests
