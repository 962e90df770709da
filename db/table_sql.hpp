#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/table_spec.hpp"

namespace mirror::db {

class Connection;

/// The statements for one mirrored table, made from its TableSpec: the only place that turns columns into SQL.
/// A plain value; make it once per connection and table.
struct TableSql {
  TableSql(const Connection& connection, const TableSpec& spec);

  const TableSpec* spec;
  std::string name;  ///< qualified and quoted

  std::string
      select_states;  ///< `SELECT <state columns> FROM <table> WHERE _env = <environment>`, to be continued with AND
  /// SELECT of the same columns of the rows whose `column` (quoted) is one of the text[] $2. Each value is looked up
  /// through an index of (_env, column), which the table has to have.
  [[nodiscard]] std::string select_states_by(const std::string& column) const;
  /// The same of the rows with created_at between the timestamptz[] $2 and $3 (excluded), and, if `scope_column`
  /// (quoted) is not empty, with a value in it from the text[] $4; behind the states the number of the range, from 1.
  [[nodiscard]] std::string select_states_in(const std::string& scope_column) const;
  std::string select_states_and_raws_by_id;  ///< the same by id, with _raw behind the states
  std::string select_any_dead;               ///< a row if there is a tombstone
  std::string select_dead_by_id;             ///< the states of those that are dead
  std::vector<std::string> copied_columns;   ///< of a whole row, quoted, in the order of RowStore::insert
  std::string update;  ///< replaces rows by $2.. = one text[] per row column after _env; $1 = environment
};

/// The PostgreSQL type of a column.
std::string_view sql_type(ColumnType type) noexcept;

}  // namespace mirror::db
