// Into another PostgreSQL by logical replication.

#include "db/pqxx_compat.hpp"
#include "model/streams.hpp"
#include "tests/catch.hpp"
#include "tests/harness/feed_replay.hpp"
#include "tests/harness/private_cluster.hpp"
#include "tests/harness/truth_comparison.hpp"
#include "tests/harness/wait_until.hpp"
#include "tests/sync/tail_fixture.hpp"

using namespace mirror;
using namespace mirror::harness;

TEST_CASE("a replica by logical replication equals the mirror, its feed and its history too") {
  TailFixture source;
  PrivateCluster here(Fsync::off, {"wal_level=logical"});
  PrivateCluster there;
  TestDatabase mirror(here.url(), Content::migrated_schema);
  TestDatabase replica(there.url(), Content::migrated_schema);
  SteppedMirror daemon(mirror.options(), source.options, source.api_options);
  daemon.sweep_all();
  source.advance(std::chrono::seconds{10});
  daemon.catch_up();

  mirror.execute("SELECT workos.create_publication()");
  // No daemon makes partitions there.
  replica.execute("CREATE TABLE workos.changes_rest PARTITION OF workos.changes DEFAULT");
  {
    const db::Connection subscriber = replica.connect();
    subscriber.raw().send("CREATE SUBSCRIPTION mirror CONNECTION '" + here.url(mirror.name()) +
                          "' PUBLICATION authkit_mirror");
  }
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    source.change_some(seed);
    daemon.catch_up();
    source.advance(std::chrono::minutes{10});
    daemon.sweep_all();
  }
  source.advance(std::chrono::seconds{10});
  daemon.catch_up();

  const std::string feed = "SELECT md5(string_agg(c::text, ' ' ORDER BY seq)) FROM workos.changes AS c";
  const std::string tail = "SELECT tail::text FROM workos.event_tails AS tail";
  CHECK(wait_until([&] {
    return replica.value(feed) == mirror.value(feed) && replica.value(tail) == mirror.value(tail) &&
           read_content(replica) == read_content(mirror);
  }));
  for (const auto* table : all_tables()) {
    CAPTURE(table->name);
    CHECK(differences(replica, *table, source.workos.truth(table->name)).empty());
  }
  const std::string past =
      "SELECT md5(string_agg(past::text, ' ' ORDER BY id)) FROM workos.users_as_of("
      "(SELECT history_since FROM workos.streams WHERE stream = 'users')) AS past";
  CHECK(replica.value(past) == mirror.value(past));
  replica.execute("ALTER SUBSCRIPTION mirror DISABLE");
  replica.execute("ALTER SUBSCRIPTION mirror SET (slot_name = NONE)");
  replica.execute("DROP SUBSCRIPTION mirror");
}
