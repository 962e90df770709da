#include "model/streams.hpp"
#include "tests/catch.hpp"
#include "tests/harness/engine_process.hpp"
#include "tests/harness/private_cluster.hpp"

using namespace mirror;
using namespace mirror::harness;

namespace {

using Rows = std::vector<std::vector<std::string>>;

/// Where each row is and who wrote it when: any rewrite shows.
Rows places_of_rows(TestDatabase& database) {
  Rows all;
  for (const auto* table : all_tables()) {
    for (auto& row : database.rows("SELECT id, xmin, ctid, _changed_at, _observed_at FROM workos." +
                                   std::string(table->name) + " ORDER BY id")) {
      all.push_back(std::move(row));
    }
  }
  return all;
}

}  // namespace

TEST_CASE("a second sync of an unchanged directory rewrites no row, adds no change and writes hardly any WAL") {
  MirrorFixture workos(
      {.directory = {.organizations = 50, .users = 10'000, .memberships = 12'000, .invitations = 500}});
  // A cluster of its own, so that all WAL is ours.
  PrivateCluster cluster;
  TestDatabase database(cluster.url(), Content::migrated_schema);
  const auto sync = [&] {
    return EngineProcess(database.options(), workos.options, workos.api_options).engine().sync(never_stopped());
  };
  REQUIRE(MirrorFixture::all_certified(sync()));
  const auto places = places_of_rows(database);
  REQUIRE(places.size() > 22'500);
  const auto changes = database.count("SELECT count(*) FROM workos.changes");
  const auto start = database.value("SELECT pg_current_wal_lsn()");

  const auto results = sync();

  const auto bytes = database.count("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '" + start + "')");
  CHECK(MirrorFixture::all_certified(results));
  CHECK(MirrorFixture::of(results, "users").snapshot->counts.unchanged == 10'000);
  CHECK(MirrorFixture::of(results, "organization_memberships").snapshot->counts.unchanged == 12'000);
  CHECK(places_of_rows(database) == places);
  CHECK(database.count("SELECT count(*) FROM workos.changes") == changes);
  CHECK(bytes < 230 * 1024);  // 1 MiB per 100,000 rows
}
