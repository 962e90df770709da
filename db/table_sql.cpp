#include "db/table_sql.hpp"

#include <fmt/core.h>

#include <vector>

#include "db/connection.hpp"
#include "db/environment_sql.hpp"

namespace mirror::db {
namespace {

struct RowColumn {
  std::string name;
  std::string_view type;
};

/// All columns that a row write sets, in the order of RowStore::append_row. _changed_at is left to the database.
std::vector<RowColumn> row_columns(const TableSpec& spec) {
  std::vector<RowColumn> columns{{"id", "text"}};
  for (const auto& column : spec.columns) columns.push_back({quote_identifier(column.name), sql_type(column.type)});
  for (const auto* name : {"created_at", "updated_at"}) columns.push_back({name, "timestamptz"});
  columns.push_back({"_raw", "jsonb"});
  columns.push_back({"_hash", "bytea"});
  columns.push_back({"_event_id", "text"});
  columns.push_back({"_observed_at", "timestamptz"});
  columns.push_back({"_deleted_at", "timestamptz"});
  columns.push_back({"_deleted_by", "text"});
  return columns;
}

std::string update_statement(const std::string& table, const std::vector<RowColumn>& columns) {
  std::string assignments = "_changed_at = clock_timestamp()";
  std::string arrays;
  std::string aliases;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == "_event_id") {
      assignments += ", _event_id = GREATEST(batch._event_id, mirrored._event_id)";  // NULL, a list's, is ignored
    } else if (i > 0) {
      assignments += fmt::format(", {0} = batch.{0}::{1}", columns[i].name, columns[i].type);
    }
    arrays += fmt::format("{}${}::text[]", i > 0 ? ", " : "", i + 2);
    aliases += (i > 0 ? ", " : "") + columns[i].name;
  }
  return fmt::format(
      "UPDATE {} AS mirrored SET {} FROM unnest({}) AS batch ({}) WHERE mirrored._env = {} AND mirrored.id = batch.id",
      table, assignments, arrays, aliases, this_environment);
}

/// `column = ANY ($2)` would leave the choice of the index to the planner. As long as a table has no statistics, which
/// is throughout a first load, it takes one that begins with _env and reads the whole table for every page. OFFSET 0
/// keeps PostgreSQL from making a join of the subquery.
std::string wanted(const std::string& select, const std::string& column) {
  return fmt::format(
      "SELECT state.* FROM unnest($2::text[]) AS wanted (wanted_value) "
      "CROSS JOIN LATERAL ({} AND {} = wanted_value OFFSET 0) AS state",
      select, column);
}

}  // namespace

TableSql::TableSql(const Connection& connection, const TableSpec& table_spec)
    : spec(&table_spec), name(connection.table(table_spec.name)) {
  const auto columns = row_columns(table_spec);
  const auto select = [&](std::string_view more) {
    return fmt::format(
        "SELECT id, created_at, updated_at, _hash, _observed_at, _event_id, _deleted_at, _deleted_by{} FROM {} "
        "WHERE _env = {}",
        more, name, this_environment);
  };
  select_states = select("");
  select_states_and_raws_by_id = wanted(select(", _raw"), "id");
  // The order makes PostgreSQL ask an index even if it knows nothing of the table yet and takes most rows for dead
  // ones.
  select_any_dead =
      fmt::format("SELECT FROM {} WHERE _env = {} AND _deleted_at IS NOT NULL ORDER BY _deleted_at LIMIT 1", name,
                  this_environment);
  // Asked outside: within the lookup the planner would rather read the index of deaths, which it takes to be empty as
  // long as statistics know of no dead, from end to end for every id.
  select_dead_by_id = wanted(select_states, "id") + " WHERE state._deleted_at IS NOT NULL";
  copied_columns = {"_env"};
  for (const auto& column : columns) copied_columns.push_back(column.name);
  update = update_statement(name, columns);
}

std::string TableSql::select_states_by(const std::string& column) const {
  return wanted(select_states, column);
}

std::string TableSql::select_states_in(const std::string& scope_column) const {
  const std::string of_scope = scope_column.empty() ? "" : fmt::format(" AND {} = wanted.scope", scope_column);
  return fmt::format(
      "SELECT state.*, wanted.number FROM unnest($2::timestamptz[], $3::timestamptz[], $4::text[]) "
      "WITH ORDINALITY AS wanted (lower, upper, scope, number) "
      "CROSS JOIN LATERAL ({} AND created_at >= wanted.lower AND created_at < wanted.upper{} OFFSET 0) AS state",
      select_states, of_scope);
}

std::string_view sql_type(ColumnType type) noexcept {
  switch (type) {
    case ColumnType::text:
    case ColumnType::slug:
      return "text";
    case ColumnType::boolean:
      return "boolean";
    case ColumnType::instant:
      return "timestamptz";
    case ColumnType::json:
      return "jsonb";
    case ColumnType::slugs:
      return "text[]";
  }
  return "text";
}

}  // namespace mirror::db
