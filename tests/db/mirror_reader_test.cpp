#include "db/mirror_reader.hpp"

#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/harness/database_access.hpp"

using namespace mirror;
using namespace mirror::harness;

TEST_CASE("a reader of the mirror can't write, directly and through a pooler") {
  DatabaseAccess access(GENERATE(Way::direct, Way::pooled));
  db::MirrorReader reader(access.options(), "default");
  const auto error = caught_error([&] {
    reader.ask([](db::Transaction& transaction, const db::MirrorTables&) {
      transaction.run("DELETE FROM " + transaction.connection().table("users"));
    });
  });
  CHECK_THAT(error.what(), ContainsSubstring("read-only transaction"));
  // The failed question leaves nothing behind.
  CHECK(reader.ask([](db::Transaction& transaction, const db::MirrorTables& tables) {
    return tables.quarantine.count(transaction);
  }) == 0);
}

TEST_CASE("a reader refuses a database without the schema, and creates nothing") {
  TestDatabase database(Content::nothing);
  const auto error = caught_error([&] { db::MirrorReader(database.options(), "default"); });
  CHECK(error.fault() == Fault::misconfigured);
  CHECK_THAT(error.next_step(), ContainsSubstring("authkit-mirror migrate"));
  CHECK(database.count("SELECT count(*) FROM pg_namespace WHERE nspname = 'workos'") == 0);
}
