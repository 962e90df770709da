#include "db/walk_store.hpp"

#include <fmt/core.h>

#include "db/array_literal.hpp"
#include "db/connection.hpp"
#include "db/environment_sql.hpp"
#include "db/result_reader.hpp"
#include "db/transaction.hpp"

namespace mirror::db {

std::vector<WalkRecord> WalkStore::read(Transaction& transaction, std::string_view stream, std::string_view scope,
                                        std::int64_t snapshot_id) const {
  const auto result = transaction.run(fmt::format("SELECT segment, state, progress FROM {} "
                                                  "WHERE _env = $1 AND stream = $2 AND scope = $3 AND snapshot_id = $4",
                                                  transaction.connection().table("walks")),
                                      environment_, stream, scope, snapshot_id);
  std::vector<WalkRecord> records;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) {
    const auto text = [&](int column) { return std::string(read_text(result, row, column).value_or("")); };
    records.push_back({text(0), snapshot_id, text(1), text(2)});
  }
  return records;
}

void WalkStore::save(Transaction& transaction, const std::vector<RunningWalk>& walks) const {
  if (walks.empty()) return;
  ArrayLiteral streams;
  ArrayLiteral scopes;
  ArrayLiteral segments;
  ArrayLiteral snapshots;
  ArrayLiteral progress;
  for (const auto& walk : walks) {
    streams.add(walk.stream);
    scopes.add(walk.part.scope);
    segments.add(walk.part.segment);
    snapshots.add(std::to_string(walk.snapshot_id));
    progress.add(walk.progress);
  }
  transaction.run(fmt::format("INSERT INTO {} (_env, stream, scope, segment, snapshot_id, state, progress) "
                              "SELECT $1, stream, scope, segment, snapshot_id, 'running', progress::jsonb "
                              "FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[]) "
                              "AS walk (stream, scope, segment, snapshot_id, progress) "
                              "ON CONFLICT (_env, stream, scope, segment) DO UPDATE "
                              "SET snapshot_id = excluded.snapshot_id, state = 'running', progress = excluded.progress",
                              transaction.connection().table("walks")),
                  environment_, streams.str(), scopes.str(), segments.str(), snapshots.str(), progress.str());
}

void WalkStore::drop_segments(Transaction& transaction, std::string_view stream, std::string_view scope) const {
  transaction.run(fmt::format("DELETE FROM {} WHERE _env = $1 AND stream = $2 AND scope = $3 AND segment <> ''",
                              transaction.connection().table("walks")),
                  environment_, stream, scope);
}

void WalkStore::finish(Transaction& transaction, std::string_view stream, const std::vector<std::string>& scopes,
                       std::int64_t snapshot_id, Instant at, bool is_proven) const {
  if (scopes.empty()) return;
  transaction.run(fmt::format("INSERT INTO {} (_env, stream, scope, snapshot_id, state, certified_at) "
                              "SELECT $1, $2, scope, $4, $6, $5::timestamptz FROM unnest($3::text[]) AS done (scope) "
                              "ON CONFLICT (_env, stream, scope, segment) DO UPDATE "
                              "SET snapshot_id = $4, state = $6, progress = NULL, certified_at = $5::timestamptz",
                              transaction.connection().table("walks")),
                  environment_, stream, array_literal(scopes), snapshot_id, mirror::to_string(at),
                  is_proven ? "proven" : "finished");
}

std::vector<ScopeToWalk> WalkStore::scopes_to_walk(Transaction& transaction, std::string_view scope_table,
                                                   std::string_view stream, std::int64_t snapshot_id) const {
  const auto& connection = transaction.connection();
  // One lookup each: a first load has filled the table of walks since it was last analyzed, if ever.
  const auto result = transaction.run(
      fmt::format("SELECT parent.id, walk.certified_at IS NOT NULL, "
                  "CASE WHEN walk.snapshot_id = $3 THEN walk.progress END "
                  "FROM {0} AS parent LEFT JOIN LATERAL (SELECT snapshot_id, state, progress, certified_at, touched_at "
                  "FROM {1} WHERE _env = {2} AND stream = $2 AND scope = parent.id AND segment = '' "
                  "OFFSET 0) AS walk ON true "
                  "WHERE parent._env = $1 AND parent._deleted_at IS NULL "
                  "AND (walk.snapshot_id = $3 AND walk.state <> 'running') IS NOT TRUE "
                  "ORDER BY COALESCE(walk.touched_at > walk.certified_at, false) DESC, walk.certified_at NULLS FIRST, "
                  "parent.id",
                  connection.table(scope_table), connection.table("walks"), this_environment),
      environment_, stream, snapshot_id);
  std::vector<ScopeToWalk> scopes;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) {
    scopes.push_back({std::string(*read_text(result, row, 0)), read_text(result, row, 1) == "t",
                      std::string(read_text(result, row, 2).value_or(""))});
  }
  return scopes;
}

void WalkStore::touch(Transaction& transaction, std::string_view stream, const std::vector<std::string>& scopes,
                      Instant at) const {
  // One lookup each: a stream has as many walks as there are organizations.
  transaction.run(fmt::format("UPDATE {0} AS walk SET touched_at = $4::timestamptz "
                              "FROM unnest($3::text[]) AS touched (scope) CROSS JOIN LATERAL (SELECT ctid FROM {0} "
                              "WHERE _env = {1} AND stream = $2 AND scope = touched.scope AND segment = '' "
                              "AND COALESCE(touched_at, '-infinity') < $4::timestamptz OFFSET 0) AS found "
                              "WHERE walk.ctid = found.ctid",
                              transaction.connection().table("walks"), this_environment),
                  environment_, stream, array_literal(scopes), mirror::to_string(at));
}

void WalkStore::add_candidates(Transaction& transaction, std::int64_t snapshot_id,
                               const std::vector<Candidate>& candidates) const {
  if (candidates.empty()) return;
  ArrayLiteral tables;
  ArrayLiteral ids;
  ArrayLiteral scopes;
  ArrayLiteral segments;
  for (const auto& candidate : candidates) {
    tables.add(candidate.table);
    ids.add(candidate.id);
    scopes.add(candidate.part.scope);
    segments.add(candidate.part.segment);
  }
  transaction.run(fmt::format("INSERT INTO {} (snapshot_id, table_name, id, scope, segment) "
                              "SELECT $1, batch.* FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS batch "
                              "ON CONFLICT DO NOTHING",
                              transaction.connection().table("candidates")),
                  snapshot_id, tables.str(), ids.str(), scopes.str(), segments.str());
}

long WalkStore::add_orphans(Transaction& transaction, std::int64_t snapshot_id, std::string_view table,
                            std::string_view parent_column, std::string_view parent_table, Instant before) const {
  const auto& connection = transaction.connection();
  const auto result = transaction.run(
      fmt::format("INSERT INTO {} (snapshot_id, table_name, id, scope) "
                  "SELECT $2, $3, child.id, '' FROM {} AS child "
                  "WHERE child._env = $1 AND child._deleted_at IS NULL AND child._observed_at <= $4::timestamptz "
                  "AND NOT EXISTS (SELECT FROM {} AS parent WHERE parent._env = $1 AND parent.id = child.{} "
                  "AND parent._deleted_at IS NULL) ON CONFLICT DO NOTHING",
                  connection.table("candidates"), connection.table(table), connection.table(parent_table),
                  quote_identifier(parent_column)),
      environment_, snapshot_id, table, mirror::to_string(before));
  return static_cast<long>(result.affected_rows());
}

long WalkStore::withdraw(Transaction& transaction, std::int64_t snapshot_id,
                         const std::vector<std::string>& ids) const {
  const auto result = transaction.run(fmt::format("DELETE FROM {} WHERE snapshot_id = $1 AND id = ANY ($2::text[])",
                                                  transaction.connection().table("candidates")),
                                      snapshot_id, array_literal(ids));
  return static_cast<long>(result.affected_rows());
}

long WalkStore::drop_candidates_of(Transaction& transaction, std::int64_t snapshot_id, const WalkPart& part) const {
  const auto dropped =
      transaction.run(fmt::format("DELETE FROM {} WHERE snapshot_id = $1 AND scope = $2 AND segment = $3",
                                  transaction.connection().table("candidates")),
                      snapshot_id, part.scope, part.segment);
  return static_cast<long>(dropped.affected_rows());
}

void WalkStore::drop_candidates(Transaction& transaction, std::int64_t snapshot_id) const {
  transaction.run(fmt::format("DELETE FROM {} WHERE snapshot_id = $1", transaction.connection().table("candidates")),
                  snapshot_id);
}

std::vector<std::string> WalkStore::unproven_scopes(Transaction& transaction, std::string_view stream,
                                                    std::int64_t snapshot_id) const {
  const auto& connection = transaction.connection();
  const auto result = transaction.run(
      fmt::format("SELECT DISTINCT candidate.scope FROM {} AS candidate WHERE candidate.snapshot_id = $3 AND "
                  "candidate.scope <> '' "
                  "AND NOT EXISTS (SELECT FROM {} AS walk WHERE walk._env = $1 AND walk.stream = $2 "
                  "AND walk.scope = candidate.scope AND walk.segment = '' AND walk.snapshot_id = $3 "
                  "AND walk.state = 'proven')",
                  connection.table("candidates"), connection.table("walks")),
      environment_, stream, snapshot_id);
  std::vector<std::string> scopes;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) scopes.emplace_back(*read_text(result, row, 0));
  return scopes;
}

std::vector<Candidate> WalkStore::read_candidates(Transaction& transaction, std::int64_t snapshot_id) const {
  const auto result =
      transaction.run(fmt::format("SELECT DISTINCT ON (table_name, id) table_name, id, scope, segment FROM {} "
                                  "WHERE snapshot_id = $1 ORDER BY table_name, id, scope, segment",
                                  transaction.connection().table("candidates")),
                      snapshot_id);
  std::vector<Candidate> candidates;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) {
    candidates.push_back({std::string(*read_text(result, row, 0)),
                          std::string(*read_text(result, row, 1)),
                          {std::string(*read_text(result, row, 2)), std::string(*read_text(result, row, 3))}});
  }
  return candidates;
}

bool WalkStore::has_candidates(Transaction& transaction, std::int64_t snapshot_id) const {
  return !transaction
              .run(fmt::format("SELECT FROM {} WHERE snapshot_id = $1 LIMIT 1",
                               transaction.connection().table("candidates")),
                   snapshot_id)
              .empty();
}

}  // namespace mirror::db
