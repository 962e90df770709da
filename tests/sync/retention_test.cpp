// Old months go, and the tail sees to it.

#include "sync/retention.hpp"

#include <thread>

#include "tests/catch.hpp"
#include "tests/harness/wait_until.hpp"
#include "tests/sync/tail_fixture.hpp"

namespace mirror::tests {
namespace {

using harness::SteppedMirror;

/// Archive and feed have a month of 2020 with a row each.
struct RetentionFixture : harness::TailFixture {
  RetentionFixture() {
    options.events.archive = std::chrono::days{90};
    options.changes_retention = std::chrono::days{90};
    database.execute(
        "CREATE TABLE workos.events_2020_05 PARTITION OF workos.events "
        "FOR VALUES FROM ('2020-05-01 00:00:00+00') TO ('2020-06-01 00:00:00+00')");
    // The feed's first month.
    const auto month = value("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', '\"changes_\"YYYY_MM')");
    database.execute("ALTER TABLE workos.changes DETACH PARTITION workos." + month);
    database.execute("ALTER TABLE workos." + month + " RENAME TO changes_2020_05");
    database.execute(
        "ALTER TABLE workos.changes ATTACH PARTITION workos.changes_2020_05 "
        "FOR VALUES FROM (MINVALUE) TO ('2020-06-01 00:00:00+00')");
    database.execute(
        "INSERT INTO workos.events (_env, id, created_at, type) VALUES ('default', 'event_1', '2020-05-05Z', 'a.b')");
    database.execute(
        "INSERT INTO workos.changes (_env, seq, table_name, id, op, via, observed_at, changed_at) "
        "VALUES ('default', 0, 'users', 'user_1', 'update', 'event', '2020-05-05Z', '2020-05-05Z')");
  }
  bool has_old_month(const std::string& table) {
    return value("SELECT to_regclass('workos." + table + "_2020_05') IS NOT NULL") == "t";
  }
};

}  // namespace

TEST_CASE("a round of retention drops old months of archive and feed, and the next one finds nothing") {
  RetentionFixture mirror;
  if (GENERATE(false, true)) mirror.options.changes_retention = {};  // for good
  SteppedMirror daemon(mirror);
  sync::Retention retention(daemon.session());
  int steps = 1;
  while (retention.advance({})) ++steps;
  const bool keeps_feed = mirror.options.changes_retention.count() == 0;
  CHECK(steps == (keeps_feed ? 2 : 3));
  CHECK_FALSE(mirror.has_old_month("events"));
  CHECK(mirror.has_old_month("changes") == keeps_feed);
  CHECK_FALSE(retention.advance({}));
}

TEST_CASE("the tail lets old months go between its polls") {
  RetentionFixture mirror;
  mirror.options.events.poll_interval = std::chrono::milliseconds{20};
  mirror.options.events.idle_interval = std::chrono::milliseconds{20};
  SteppedMirror daemon(mirror);
  const std::jthread tail([&](const std::stop_token& stop) { daemon.tail().run(stop); });
  CHECK(harness::wait_until([&] { return !mirror.has_old_month("events") && !mirror.has_old_month("changes"); }));
}

}  // namespace mirror::tests
