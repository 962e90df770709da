#include "db/change_feed.hpp"

#include <fmt/core.h>

#include <set>
#include <tuple>
#include <utility>

#include "db/array_literal.hpp"
#include "db/environment_sql.hpp"
#include "db/transaction.hpp"

namespace mirror::db {

void ChangeFeed::record(Transaction& transaction, std::string_view table, const std::vector<FeedEntry>& entries) {
  if (entries.empty()) return;
  ArrayLiteral ids;
  ArrayLiteral ops;
  ArrayLiteral vias;
  ArrayLiteral instants;
  ArrayLiteral befores;
  ArrayLiteral event_ids;
  for (const auto& entry : entries) {
    ids.add(entry.id);
    ops.add(entry.op);
    vias.add(entry.via);
    instants.add(to_string(entry.observed_at));
    befores.add_optional(entry.before);
    entry.event_id.empty() ? event_ids.add_null() : event_ids.add(entry.event_id);
  }
  const auto& connection = transaction.connection();
  transaction.run(fmt::format("INSERT INTO {} (_env, seq, table_name, id, op, via, event_id, observed_at, before) "
                              "SELECT $1, $2::bigint + batch.position - 1, $3, batch.id, batch.op, batch.via, "
                              "batch.event_id, batch.observed_at::timestamptz, "
                              "CASE WHEN batch.op <> 'insert' THEN COALESCE(batch.before::jsonb, mirrored._raw) END "
                              "FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[]) "
                              "WITH ORDINALITY AS batch (id, op, via, observed_at, before, event_id, position) "
                              // OFFSET 0: each is looked up by its key, whatever the planner knows of the table.
                              "LEFT JOIN LATERAL (SELECT _raw FROM {} WHERE _env = {} AND id = batch.id "
                              "AND batch.op <> 'insert' AND batch.before IS NULL OFFSET 0) AS mirrored ON true",
                              connection.table("changes"), connection.table(table), this_environment),
                  environment_, reserve(static_cast<std::int64_t>(entries.size())), table, ids.str(), ops.str(),
                  vias.str(), instants.str(), std::move(befores).str(), event_ids.str());
}

/// Events come several times, and so does what they tell. What has no event is known by its content.
std::int64_t ChangeFeed::record_late(Transaction& transaction, std::string_view table,
                                     const std::vector<LateEntry>& entries) {
  if (entries.empty()) return 0;
  ArrayLiteral ids;
  ArrayLiteral vias;
  ArrayLiteral instants;
  ArrayLiteral event_ids;
  ArrayLiteral contents;
  std::set<std::tuple<std::string_view, std::string_view, std::string_view>> taken;
  for (const auto& entry : entries) {
    const bool is_death = !entry.content;
    const auto what = is_death ? std::string_view() : entry.event_id.empty() ? *entry.content : std::string_view("{}");
    if (!taken.emplace(entry.id, entry.event_id, what).second) continue;
    ids.add(entry.id);
    vias.add(entry.via);
    instants.add(to_string(entry.observed_at));
    entry.event_id.empty() ? event_ids.add_null() : event_ids.add(entry.event_id);
    contents.add_optional(entry.content);
  }
  const auto recorded = transaction.run(
      fmt::format("INSERT INTO {0} (_env, seq, table_name, id, op, via, event_id, observed_at, content) "
                  "SELECT $1, $2::bigint - 1 + row_number() OVER (ORDER BY position), $3, id, 'late', via, event_id, "
                  "observed_at::timestamptz, content::jsonb "
                  "FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[]) "
                  "WITH ORDINALITY AS batch (id, via, observed_at, event_id, content, position) "
                  // OFFSET 0: each is looked up by its index, whatever the planner knows of the table.
                  "LEFT JOIN LATERAL (SELECT true AS is_known FROM {0} AS told "
                  "WHERE told._env = {1} AND told.table_name = $3 AND told.id = batch.id "
                  "AND CASE WHEN batch.event_id IS NULL THEN told.op = 'late' AND told.content = batch.content::jsonb "
                  "ELSE told.event_id = batch.event_id AND (batch.content IS NULL) = "
                  "(told.op = 'delete' OR (told.op = 'late' AND told.content IS NULL)) END "
                  "OFFSET 0 LIMIT 1) AS told ON true WHERE told.is_known IS NULL",
                  transaction.connection().table("changes"), this_environment),
      environment_, next_seq_, table, ids.str(), vias.str(), instants.str(), event_ids.str(),
      std::move(contents).str());
  const auto count = static_cast<std::int64_t>(recorded.affected_rows());
  reserve(count);
  return count;
}

void ChangeFeed::record_snapshot(Transaction& transaction, std::string_view table, Instant observed_at) {
  transaction.run(fmt::format("INSERT INTO {} (_env, seq, table_name, op, via, observed_at) "
                              "VALUES ($1, $2, $3, 'snapshot', 'list', $4::timestamptz)",
                              transaction.connection().table("changes")),
                  environment_, reserve(1), table, to_string(observed_at));
}

std::int64_t ChangeFeed::reserve(std::int64_t count) {
  const auto first = next_seq_;
  next_seq_ += count;
  rows_ += count;
  return first;
}

}  // namespace mirror::db
