#include "db/lease.hpp"

#include "db/transaction.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/harness/database_access.hpp"
#include "tests/harness/test_role.hpp"
#include "tests/harness/wait_until.hpp"

using namespace mirror;
using namespace mirror::db;
using namespace mirror::harness;

namespace {

constexpr std::chrono::seconds ttl{15};

/// A process that writes: its connection and its lease.
struct Writer {
  Writer(const DatabaseOptions& options, const std::string& instance)
      : connection(options, "writer", instance), lease("default", instance, ttl) {}
  Writer(const DatabaseAccess& access, const std::string& instance) : Writer(access.options(), instance) {}

  Connection connection;
  Lease lease;
};

void write_stream(Transaction& transaction, const std::string& state) {
  transaction.run(
      "INSERT INTO workos.streams (_env, stream, state) VALUES ('default', 'users', $1)"
      " ON CONFLICT (_env, stream) DO UPDATE SET state = excluded.state",
      state);
}

/// As if the holder had been silent for longer than the ttl.
void age_heartbeat(TestDatabase& database) {
  database.execute("UPDATE workos.lease SET heartbeat_at = clock_timestamp() - interval '16 seconds'");
}

/// As a newer holder would: the old token is worth nothing, but its sessions live on.
void take_quietly(TestDatabase& database) {
  database.execute("UPDATE workos.lease SET token = token + 1, holder = 'somebody else', holder_pid = NULL");
}

std::string stream_state(TestDatabase& database) {
  return database.value("SELECT state FROM workos.streams");
}

}  // namespace

TEST_CASE("of two writers one holds the lease, and the other gets it when it is given back") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled));
  Writer first(access, "first");
  Writer second(access, "second");

  REQUIRE(first.lease.try_acquire(first.connection));
  CHECK_FALSE(second.lease.try_acquire(second.connection));
  CHECK_FALSE(second.lease.is_held());
  CHECK(Lease::read(second.connection, "default")->holder == "first");

  const std::int64_t token = first.lease.token();
  first.lease.release(first.connection);
  CHECK(Lease::read(second.connection, "default")->holder.empty());
  CHECK(second.lease.try_acquire(second.connection));
  CHECK(second.lease.token() > token);
}

TEST_CASE("environments have leases of their own") {
  TestDatabase database;
  Connection connection = database.connect();
  CHECK_FALSE(Lease::read(connection, "staging").has_value());
  Lease production("production", "one", ttl);
  Lease staging("staging", "two", ttl);
  CHECK(production.try_acquire(connection));
  CHECK(staging.try_acquire(connection));
}

TEST_CASE("a committed transaction advances the feed, a rolled back one does not") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled));
  Writer writer(access, "one");
  REQUIRE(writer.lease.try_acquire(writer.connection));
  CHECK(writer.lease.next_feed_seq() == 1);
  {
    Transaction transaction(writer.connection);
    write_stream(transaction, "walking");
    writer.lease.commit(transaction, 5);
  }
  CHECK(writer.lease.next_feed_seq() == 6);
  { Transaction dropped(writer.connection); }
  {
    Transaction transaction(writer.connection);
    write_stream(transaction, "idle");
    writer.lease.commit(transaction, 0);
  }
  CHECK(writer.lease.next_feed_seq() == 6);
  CHECK(stream_state(access.database()) == "idle");

  Writer next(access, "two");
  writer.lease.release(writer.connection);
  REQUIRE(next.lease.try_acquire(next.connection));
  CHECK(next.lease.next_feed_seq() == 6);
}

TEST_CASE("a holder whose session is gone is replaced within a second") {
  DatabaseAccess access(Way::direct);
  auto first = std::make_unique<Writer>(access, "first");
  Writer second(access, "second");
  REQUIRE(first->lease.try_acquire(first->connection));
  REQUIRE_FALSE(second.lease.try_acquire(second.connection));
  access.database().execute("SELECT pg_terminate_backend(" + std::to_string(first->connection.backend_pid()) + ")");

  CHECK(wait_until([&] { return second.lease.try_acquire(second.connection); },
                   std::chrono::seconds(10)));  // the lease would last longer
}

TEST_CASE("another session with the holder's process number is not taken for it") {
  TestDatabase database;
  Writer second(database.options(), "second");
  Connection stranger = database.connect("stranger");
  // The lease is older than the session that has the number now.
  database.execute(
      "INSERT INTO workos.lease (_env, token, holder, holder_pid, acquired_at, heartbeat_at) VALUES"
      " ('default', 4, 'first', " +
      std::to_string(stranger.backend_pid()) + ", clock_timestamp() - interval '1 hour', clock_timestamp())");
  CHECK(Lease::read(second.connection, "default")->holder_session_gone);
  CHECK(second.lease.try_acquire(second.connection));
  CHECK(second.lease.token() == 5);
  // And it is not ended in its place.
  Transaction transaction(stranger);
  CHECK(transaction.run("SELECT 1")[0][0].as<int>() == 1);
}

TEST_CASE("a silent holder is replaced after the ttl, a living one is not") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled));
  Writer first(access, "first");
  Writer second(access, "second");
  REQUIRE(first.lease.try_acquire(first.connection));
  age_heartbeat(access.database());
  first.lease.renew(first.connection);
  CHECK_FALSE(second.lease.try_acquire(second.connection));
  CHECK(Lease::read(second.connection, "default")->heartbeat_age_seconds < 10);

  age_heartbeat(access.database());
  CHECK(Lease::read(second.connection, "default")->heartbeat_age_seconds > 15);
  CHECK(second.lease.try_acquire(second.connection));
}

TEST_CASE("renewing tells a holder that its lease went to somebody else") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled));
  Writer writer(access, "one");
  REQUIRE(writer.lease.try_acquire(writer.connection));
  take_quietly(access.database());
  CHECK(caught_error([&] { writer.lease.renew(writer.connection); }).fault() == Fault::lease_lost);
  CHECK_FALSE(writer.lease.is_held());
}

TEST_CASE("a commit is a sign of life too") {
  TestDatabase database;
  Writer first(database.options(), "first");
  Writer second(database.options(), "second");
  REQUIRE(first.lease.try_acquire(first.connection));
  age_heartbeat(database);
  {
    Transaction transaction(first.connection);
    first.lease.commit(transaction, 0);
  }
  CHECK_FALSE(second.lease.try_acquire(second.connection));
}

TEST_CASE("a writer that lost the lease between its statements and its commit writes nothing") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled));
  Writer zombie(access, "zombie");
  REQUIRE(zombie.lease.try_acquire(zombie.connection));
  {
    Transaction transaction(zombie.connection);
    write_stream(transaction, "written by a zombie");
    take_quietly(access.database());
    CHECK(caught_error([&] { zombie.lease.commit(transaction, 1); }).fault() == Fault::lease_lost);
  }
  CHECK(stream_state(access.database()).empty());
  CHECK_FALSE(zombie.lease.is_held());
  CHECK(caught_error([&] { zombie.lease.renew(zombie.connection); }).fault() == Fault::lease_lost);
}

TEST_CASE("a feed that moved without its holder stops the commit") {
  TestDatabase database;
  Writer writer(database.options(), "one");
  REQUIRE(writer.lease.try_acquire(writer.connection));
  database.execute("UPDATE workos.lease SET feed_seq = feed_seq + 1");
  Transaction transaction(writer.connection);
  CHECK(caught_error([&] { writer.lease.commit(transaction, 1); }).fault() == Fault::lease_lost);
}

TEST_CASE("a paused writer's locks do not hold up its successor") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled));
  {
    Writer before(access, "before");
    REQUIRE(before.lease.try_acquire(before.connection));
    Transaction transaction(before.connection);
    write_stream(transaction, "idle");
    before.lease.commit(transaction, 0);
    before.lease.release(before.connection);
  }
  Writer zombie(access, "zombie");
  Writer successor(access, "successor");
  REQUIRE(zombie.lease.try_acquire(zombie.connection));
  Transaction paused(zombie.connection);
  write_stream(paused, "written by a zombie");
  age_heartbeat(access.database());

  REQUIRE(successor.lease.try_acquire(successor.connection));
  const auto begun = std::chrono::steady_clock::now();
  {
    Transaction transaction(successor.connection);
    write_stream(transaction, "written by the successor");
    successor.lease.commit(transaction, 1);
  }
  // Far below the time that a lock is waited for.
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(5));

  const Error error = caught_error([&] { zombie.lease.commit(paused, 1); });
  CHECK(error.retries_help());
  CHECK(stream_state(access.database()) == "written by the successor");
}

TEST_CASE("after a commit with an unknown outcome the same process takes its lease back at once") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled));
  auto lost = std::make_unique<Connection>(access.connect("writer", "one"));
  Lease lease("default", "one", ttl);
  REQUIRE(lease.try_acquire(*lost));
  const std::int64_t token = lease.token();
  {
    Transaction transaction(*lost);
    write_stream(transaction, "walking");
    access.database().execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
        "application_name = 'authkit-mirror writer one'");
    CHECK(caught_error([&] { lease.commit(transaction, 3); }).fault() == Fault::unavailable);
  }
  CHECK_FALSE(lease.is_held());
  // What the lost commit might have left behind.
  access.database().execute("UPDATE workos.lease SET feed_seq = 3");

  Connection next = access.connect("writer", "one");
  REQUIRE(lease.try_acquire(next));
  CHECK(lease.token() > token);
  CHECK(lease.next_feed_seq() == 4);
}

TEST_CASE("a session that only somebody else may look into counts as alive until the ttl") {
  DatabaseAccess access(Way::direct);
  const TestRole role(access.database());
  access.database().execute("GRANT USAGE ON SCHEMA workos TO " + role.name() +
                            "; GRANT ALL ON ALL TABLES IN SCHEMA workos TO " + role.name());
  Writer first(access, "first");
  Writer second(role.options(), "second");
  REQUIRE(first.lease.try_acquire(first.connection));
  CHECK_FALSE(second.lease.try_acquire(second.connection));
  age_heartbeat(access.database());
  CHECK(second.lease.try_acquire(second.connection));
}
