#include "db/feed_retention.hpp"

#include <fmt/core.h>

#include "db/monthly_partitions.hpp"
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

std::vector<std::string> FeedRetention::drop_older_than(Transaction& transaction, std::int64_t age_seconds) const {
  const Connection& connection = transaction.connection();
  std::vector<std::string> dropped;
  for (const auto& name : months().older_than(transaction, age_seconds)) {
    const std::string partition = connection.table(name);
    shorten_history(transaction, partition);
    const auto is_shared = [&] {
      return !transaction.run(fmt::format("SELECT FROM {} WHERE _env <> $1 LIMIT 1", partition), environment_).empty();
    };
    if (months().drop(transaction, name, is_shared)) {
      dropped.push_back(name);
    } else if (is_shared()) {
      transaction.run(fmt::format("DELETE FROM {} WHERE _env = $1", partition), environment_);
    }
  }
  return dropped;
}

/// What the feed held before a change is known as long as the change is: behind the last change that goes, all is.
void FeedRetention::shorten_history(Transaction& transaction, const std::string& partition) const {
  const Connection& connection = transaction.connection();
  // A deletion of an object with a bogus updated_at may lie far ahead.
  transaction.run(fmt::format("UPDATE {} SET history_since = GREATEST(history_since, LEAST(gone.last_at, "
                              "(SELECT caught_up_through FROM {} WHERE _env = $1))) "
                              "FROM (SELECT max(observed_at) AS last_at FROM {} WHERE _env = $1) AS gone "
                              "WHERE _env = $1 AND history_since < gone.last_at",
                              connection.table("streams"), connection.table("event_tails"), partition),
                  environment_);
}

}  // namespace mirror::db
