#include "db/doubt_store.hpp"

#include <algorithm>
#include <string>

#include "db/transaction.hpp"
#include "tests/catch.hpp"
#include "tests/harness/test_database.hpp"

namespace mirror::db {

TEST_CASE("a doubt that is raised twice is one, with what either tells and the later word where both do") {
  harness::TestDatabase database;
  Connection connection = database.connect();
  const DoubtStore doubts("default");
  Transaction transaction(connection);

  const std::string at = "2026-06-01T00:00:00Z";
  doubts.raise(transaction, {{"users", "user_a", "event_1", at, {}},
                             {"users", "user_b", {}, {}, {}},
                             {"users", "user_a", "event_2", {}, {}}});
  auto known = doubts.read(transaction, 10);
  std::ranges::sort(known, {}, &Doubt::id);
  REQUIRE(known.size() == 2);
  REQUIRE(known[0].event_id == "event_2");
  REQUIRE(known[0].deleted_at.starts_with("2026-06-01 00:00:00"));
  REQUIRE(known[1].event_id.empty());

  doubts.raise(transaction, {{"users", "user_b", "event_3", {}, {}}, {"users", "user_a", {}, {}, {}}});
  known = doubts.read(transaction, 10);
  std::ranges::sort(known, {}, &Doubt::id);
  REQUIRE(known[0].event_id == "event_2");
  REQUIRE(known[1].event_id == "event_3");
}

}  // namespace mirror::db
