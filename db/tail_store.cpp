#include "db/tail_store.hpp"

#include <fmt/core.h>

#include "db/result_reader.hpp"
#include "db/transaction.hpp"

namespace mirror::db {

std::optional<TailRecord> TailStore::read(Transaction& transaction) const {
  const auto result =
      transaction.run(fmt::format("SELECT cursor, cursor_created_at, anchor, caught_up_through, recoveries, problem, "
                                  "extract(epoch FROM clock_timestamp() - polled_at) FROM {} WHERE _env = $1",
                                  transaction.connection().table("event_tails")),
                      environment_);
  if (result.empty()) return std::nullopt;
  const auto instant = [&](int column) {
    const auto text = read_text(result, 0, column);
    return text ? parse_instant(*text) : std::nullopt;
  };
  TailRecord record;
  record.cursor = read_text(result, 0, 0).value_or("");
  record.cursor_created_at = instant(1);
  record.anchor = instant(2).value_or(Instant{});
  record.caught_up_through = instant(3);
  record.recoveries = static_cast<int>(read_number(result, 0, 4));
  record.problem = read_text(result, 0, 5).value_or("");
  record.seconds_since_poll = read_optional<double>(result[0][6]);
  return record;
}

void TailStore::start(Transaction& transaction, Instant anchor) const {
  transaction.run(fmt::format("INSERT INTO {} (_env, anchor, unbroken_since) "
                              "VALUES ($1, $2::timestamptz, $2::timestamptz) ON CONFLICT DO NOTHING",
                              transaction.connection().table("event_tails")),
                  environment_, to_string(anchor));
}

void TailStore::advance(Transaction& transaction, std::string_view cursor, Instant created_at) const {
  transaction.run(fmt::format("UPDATE {} SET cursor = $2, cursor_created_at = $3::timestamptz WHERE _env = $1",
                              transaction.connection().table("event_tails")),
                  environment_, cursor, to_string(created_at));
}

void TailStore::note_caught_up(Transaction& transaction, Instant through, bool cursor_accepted, bool is_whole) const {
  transaction.run(fmt::format("UPDATE {} SET caught_up_through = GREATEST(caught_up_through, $2::timestamptz), "
                              "polled_at = clock_timestamp(), recoveries = CASE WHEN $3 THEN 0 ELSE recoveries END, "
                              "problem = NULL, problem_since = NULL, unbroken_since = CASE WHEN $4 AND "
                              "unbroken_since = 'infinity' THEN $2::timestamptz ELSE unbroken_since END "
                              "WHERE _env = $1",
                              transaction.connection().table("event_tails")),
                  environment_, to_string(through), cursor_accepted, is_whole);
}

void TailStore::note_gaps(Transaction& transaction) const {
  transaction.run(fmt::format("UPDATE {} SET unbroken_since = 'infinity' WHERE _env = $1",
                              transaction.connection().table("event_tails")),
                  environment_);
  end_history(transaction);
}

/// What happens in a gap nobody knows: history begins again with the next certified snapshots.
void TailStore::end_history(Transaction& transaction) const {
  transaction.run(
      fmt::format("UPDATE {} SET history_since = NULL WHERE _env = $1", transaction.connection().table("streams")),
      environment_);
}

void TailStore::anchor(Transaction& transaction, Instant anchor, int recoveries) const {
  transaction.run(
      fmt::format("UPDATE {} SET cursor = NULL, cursor_created_at = NULL, anchor = $2::timestamptz, recoveries = $3 "
                  "WHERE _env = $1",
                  transaction.connection().table("event_tails")),
      environment_, to_string(anchor), recoveries);
}

void TailStore::begin_anew(Transaction& transaction, Instant anchor, int recoveries) const {
  this->anchor(transaction, anchor, recoveries);
  // What note_gaps() noted lasts until all types are followed.
  transaction.run(fmt::format("UPDATE {} SET unbroken_since = $2::timestamptz "
                              "WHERE _env = $1 AND unbroken_since IS DISTINCT FROM 'infinity'",
                              transaction.connection().table("event_tails")),
                  environment_, to_string(anchor));
  end_history(transaction);
}

void TailStore::note_problem(Transaction& transaction, std::string_view problem) const {
  transaction.run(fmt::format("UPDATE {} SET problem = NULLIF($2, ''), problem_since = CASE WHEN $2 = '' THEN NULL "
                              "ELSE COALESCE(problem_since, clock_timestamp()) END WHERE _env = $1",
                              transaction.connection().table("event_tails")),
                  environment_, problem);
}

}  // namespace mirror::db
