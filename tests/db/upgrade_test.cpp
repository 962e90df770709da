// A database that the first version filled, and what later migrations make of it.

#include <algorithm>

#include "db/migrator.hpp"
#include "tests/catch.hpp"
#include "tests/harness/caught_error.hpp"
#include "tests/harness/test_database.hpp"

using namespace mirror;
using namespace mirror::db;
using namespace mirror::harness;

namespace {

/// Before the feed was cut into months.
std::vector<EmbeddedMigration> first_version() {
  std::vector<EmbeddedMigration> migrations;
  std::ranges::copy_if(embedded_migrations(), std::back_inserter(migrations),
                       [](const EmbeddedMigration& each) { return each.number <= 3; });
  return migrations;
}

/// 500 users, of whom 100 are dead, and 90 days of changes.
constexpr const char* filling = R"sql(
  INSERT INTO workos.users (_env, id, email, first_name, created_at, updated_at, _raw, _hash, _deleted_at, _deleted_by,
                            _observed_at)
  SELECT 'default', id, email, 'v9', at, now, jsonb_build_object('id', id, 'email', email, 'first_name', 'v9',
           'created_at', at, 'updated_at', now), '\x00', CASE WHEN i % 5 = 0 THEN now END,
         CASE WHEN i % 5 = 0 THEN 'event' END, now
  FROM (SELECT i, 'user_' || i AS id, 'p' || i || '@example.com' AS email, now() - interval '200 days' AS at, now() AS now
        FROM generate_series(1, 500) AS i) AS made;
  INSERT INTO workos.changes (_env, seq, table_name, op, via, observed_at, changed_at)
  VALUES ('default', 1, 'users', 'snapshot', 'list', now() - interval '91 days', now() - interval '91 days');
  INSERT INTO workos.changes (_env, seq, table_name, id, op, via, event_id, observed_at, changed_at, before)
  SELECT 'default', 1 + i, 'users', 'user_' || 1 + i % 500, CASE WHEN i % 500 % 5 = 4 AND i > 4500 THEN 'delete' ELSE
         'update' END, 'event', 'event_' || lpad(i::text, 6, '0'), at, at,
         jsonb_build_object('id', 'user_' || 1 + i % 500, 'first_name', 'v' || i / 500, 'created_at',
                            now() - interval '200 days', 'updated_at', at - interval '9 days')
  FROM (SELECT i, now() - interval '90 days' + i * interval '25 minutes' AS at FROM generate_series(1, 5000) AS i) AS made;
  INSERT INTO workos.lease (_env, token, feed_seq) VALUES ('default', 7, 5001);
  INSERT INTO workos.streams (_env, stream, last_certified_at) VALUES ('default', 'users', now() - interval '1 hour');
  INSERT INTO workos.event_tails (_env, anchor, caught_up_through) VALUES ('default', now(), now() + interval '1 minute');
)sql";

}  // namespace

TEST_CASE("what the first version kept is kept by an upgrade, and history begins with it") {
  TestDatabase database(Content::nothing);
  Connection connection = database.connect();
  const auto old = first_version();
  REQUIRE(Migrator(connection, old).migrate().size() == 3);
  database.execute(filling);
  const auto feed = [&] {
    return database.rows(
        "SELECT _env, seq, table_name, id, op, via, event_id, observed_at, changed_at, before FROM workos.changes "
        "ORDER BY seq");
  };
  const auto users = [&] { return database.rows("SELECT to_jsonb(u) FROM workos.users AS u ORDER BY id"); };
  const auto feed_before = feed();
  const auto users_before = users();
  REQUIRE(feed_before.size() == 5001);

  CHECK(Migrator(connection).migrate().size() == embedded_migrations().size() - old.size());

  CHECK(feed() == feed_before);
  CHECK(users() == users_before);
  CHECK(database.count("SELECT count(*) FROM pg_inherits WHERE inhparent = 'workos.changes'::regclass") == 1);
  // Whoever follows the feed gets all of it, with what each change led to.
  database.execute("SELECT workos.create_consumer('all', 'start', 'default')");
  CHECK(database.count("SELECT count(*) FROM workos.consume('all', 10000, 'default')") == 5001);
  CHECK(database.value("SELECT after_change->>'first_name' FROM workos.changes_after(1, 1)") == "v1");
  CHECK(database.value("SELECT after_change->>'first_name' FROM workos.changes_after(4997, 1)") == "v9");

  // What came too late was not kept before, so the past is not known.
  const auto as_of = [&](const std::string& moment) {
    return database.count("SELECT count(*) FROM workos.users_as_of(" + moment + ")");
  };
  CHECK(as_of("(SELECT caught_up_through FROM workos.event_tails)") == 400);
  const auto refused = caught_error([&] { as_of("now() - interval '1 day'"); });
  CHECK_THAT(refused.what(), ContainsSubstring("AM020"));
  CHECK(database.count("SELECT count(*) FROM workos.history('users', 'user_5')") == 11);
}
