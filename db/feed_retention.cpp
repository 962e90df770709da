#include "db/feed_retention.hpp"

#include <fmt/core.h>

#include "db/environment_sql.hpp"
#include "db/result_reader.hpp"
#include "db/transaction.hpp"

namespace mirror::db {
namespace {

MonthlyPartitions months() {
  return {"changes", "changes.retention"};
}

}  // namespace

void FeedRetention::prepare_partitions(Transaction& transaction) const {
  months().prepare(transaction);
}

std::vector<FeedMonth> FeedRetention::months_older_than(Transaction& transaction, std::int64_t age_seconds) const {
  std::vector<FeedMonth> old;
  for (auto& month : months().older_than(transaction, age_seconds)) old.push_back({std::move(month)});
  return old;
}

Forgetting FeedRetention::forget(Transaction& transaction, FeedMonth& month, int most) const {
  if (!months().claim(transaction, month)) return Forgetting::kept;
  if (!month.is_read) read_on(transaction, month, most);
  if (!month.is_read) return Forgetting::unfinished;
  if (month.last_at) shorten_history(transaction, *month.last_at);
  // The ends of an index, for the month may be large: all of it would take minutes to read.
  const auto is_shared = [&] {
    const auto found =
        transaction.run(fmt::format("SELECT (SELECT min(_env) FROM {0}) <> $1 OR (SELECT max(_env) FROM {0}) <> $1",
                                    transaction.connection().table(month.name)),
                        environment_);
    return read_text(found, 0, 0) == "t";
  };
  const OwnRows own{fmt::format("_env = {}", this_environment), "seq", "bigint"};
  return months().forget(transaction, month, environment_, is_shared, own, most);
}

void FeedRetention::read_on(Transaction& transaction, FeedMonth& month, int most) const {
  const auto part = transaction.run(
      fmt::format("SELECT max(seq), GREATEST(max(observed_at), $3::timestamptz), count(*) FROM "
                  "(SELECT seq, observed_at FROM {} WHERE _env = {} AND seq > $2 ORDER BY seq LIMIT $4) AS part",
                  transaction.connection().table(month.name), this_environment),
      environment_, month.read_through, month.last_at, most);
  month.is_read = read_number(part, 0, 2) < most;
  if (const auto last_at = read_text(part, 0, 1)) month.last_at = *last_at;
  if (read_number(part, 0, 2) > 0) month.read_through = read_number(part, 0, 0);
}

/// What the feed held before a change is known as long as the change is: behind the last change that goes, all is.
void FeedRetention::shorten_history(Transaction& transaction, const std::string& last_at) const {
  const Connection& connection = transaction.connection();
  // A deletion of an object with a bogus updated_at may lie far ahead.
  transaction.run(fmt::format("UPDATE {} SET history_since = GREATEST(history_since, LEAST($2::timestamptz, "
                              "(SELECT caught_up_through FROM {} WHERE _env = $1))) "
                              "WHERE _env = $1 AND history_since < $2::timestamptz",
                              connection.table("streams"), connection.table("event_tails")),
                  environment_, last_at);
}

}  // namespace mirror::db
