#include "db/walk_store.hpp"

#include <fmt/core.h>

#include "db/array_literal.hpp"
#include "db/connection.hpp"
#include "db/result_reader.hpp"
#include "db/transaction.hpp"

namespace mirror::db {

std::optional<WalkRecord> WalkStore::read(Transaction& transaction, std::string_view stream,
                                          std::string_view scope) const {
  const auto result = transaction.run(
      fmt::format("SELECT snapshot_id, state, progress FROM {} WHERE _env = $1 AND stream = $2 AND scope = $3",
                  transaction.connection().table("walks")),
      environment_, stream, scope);
  if (result.empty()) return std::nullopt;
  return WalkRecord{read_number(result, 0, 0), std::string(read_text(result, 0, 1).value_or("")),
                    std::string(read_text(result, 0, 2).value_or(""))};
}

void WalkStore::save(Transaction& transaction, std::string_view stream, std::string_view scope,
                     const WalkRecord& record) const {
  transaction.run(fmt::format("INSERT INTO {} (_env, stream, scope, snapshot_id, state, progress) "
                              "VALUES ($1, $2, $3, $4, $5, NULLIF($6, '')::jsonb) "
                              "ON CONFLICT (_env, stream, scope) DO UPDATE "
                              "SET snapshot_id = $4, state = $5, progress = NULLIF($6, '')::jsonb",
                              transaction.connection().table("walks")),
                  environment_, stream, scope, record.snapshot_id, record.state, record.progress);
}

void WalkStore::finish(Transaction& transaction, std::string_view stream, const std::vector<std::string>& scopes,
                       std::int64_t snapshot_id, Instant at, bool is_proven) const {
  if (scopes.empty()) return;
  transaction.run(fmt::format("INSERT INTO {} (_env, stream, scope, snapshot_id, state, certified_at) "
                              "SELECT $1, $2, scope, $4, $6, $5::timestamptz FROM unnest($3::text[]) AS done (scope) "
                              "ON CONFLICT (_env, stream, scope) DO UPDATE "
                              "SET snapshot_id = $4, state = $6, progress = NULL, certified_at = $5::timestamptz",
                              transaction.connection().table("walks")),
                  environment_, stream, array_literal(scopes), snapshot_id, mirror::to_string(at),
                  is_proven ? "proven" : "finished");
}

std::vector<ScopeToWalk> WalkStore::scopes_to_walk(Transaction& transaction, std::string_view scope_table,
                                                   std::string_view stream, std::int64_t snapshot_id) const {
  const auto& connection = transaction.connection();
  const auto result = transaction.run(
      fmt::format(
          "SELECT parent.id, walk.certified_at IS NOT NULL, "
          "CASE WHEN walk.snapshot_id = $3 THEN walk.progress END "
          "FROM {} AS parent LEFT JOIN {} AS walk ON walk._env = $1 AND walk.stream = $2 AND walk.scope = parent.id "
          "WHERE parent._env = $1 AND parent._deleted_at IS NULL "
          "AND (walk.snapshot_id = $3 AND walk.state <> 'running') IS NOT TRUE "
          "ORDER BY COALESCE(walk.touched_at > walk.certified_at, false) DESC, walk.certified_at NULLS FIRST, "
          "parent.id",
          connection.table(scope_table), connection.table("walks")),
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
  transaction.run(fmt::format("UPDATE {} SET touched_at = $4::timestamptz WHERE _env = $1 AND stream = $2 "
                              "AND scope = ANY ($3::text[]) "
                              "AND COALESCE(touched_at, '-infinity') < $4::timestamptz",
                              transaction.connection().table("walks")),
                  environment_, stream, array_literal(scopes), mirror::to_string(at));
}

void WalkStore::add_candidates(Transaction& transaction, std::int64_t snapshot_id,
                               const std::vector<Candidate>& candidates) const {
  if (candidates.empty()) return;
  ArrayLiteral tables;
  ArrayLiteral ids;
  ArrayLiteral scopes;
  for (const auto& candidate : candidates) {
    tables.add(candidate.table);
    ids.add(candidate.id);
    scopes.add(candidate.scope);
  }
  transaction.run(fmt::format("INSERT INTO {} (snapshot_id, table_name, id, scope) "
                              "SELECT $1, batch.* FROM unnest($2::text[], $3::text[], $4::text[]) AS batch "
                              "ON CONFLICT DO NOTHING",
                              transaction.connection().table("candidates")),
                  snapshot_id, tables.str(), ids.str(), scopes.str());
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

long WalkStore::drop_candidates_of(Transaction& transaction, std::int64_t snapshot_id, std::string_view scope) const {
  const auto dropped = transaction.run(
      fmt::format("DELETE FROM {} WHERE snapshot_id = $1 AND scope = $2", transaction.connection().table("candidates")),
      snapshot_id, scope);
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
                  "AND walk.scope = candidate.scope AND walk.snapshot_id = $3 AND walk.state = 'proven')",
                  connection.table("candidates"), connection.table("walks")),
      environment_, stream, snapshot_id);
  std::vector<std::string> scopes;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) scopes.emplace_back(*read_text(result, row, 0));
  return scopes;
}

std::vector<Candidate> WalkStore::read_candidates(Transaction& transaction, std::int64_t snapshot_id) const {
  const auto result =
      transaction.run(fmt::format("SELECT table_name, id, scope FROM {} WHERE snapshot_id = $1 ORDER BY table_name, id",
                                  transaction.connection().table("candidates")),
                      snapshot_id);
  std::vector<Candidate> candidates;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) {
    candidates.push_back({std::string(*read_text(result, row, 0)), std::string(*read_text(result, row, 1)),
                          std::string(*read_text(result, row, 2))});
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
