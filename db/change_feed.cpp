#include "db/change_feed.hpp"

#include <fmt/core.h>

#include <utility>

#include "db/array_literal.hpp"
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
                              "LEFT JOIN {} AS mirrored ON mirrored._env = $1 AND mirrored.id = batch.id",
                              connection.table("changes"), connection.table(table)),
                  environment_, reserve(static_cast<std::int64_t>(entries.size())), table, ids.str(), ops.str(),
                  vias.str(), instants.str(), std::move(befores).str(), event_ids.str());
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
