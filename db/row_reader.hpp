#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "db/table_sql.hpp"
#include "model/row_state.hpp"

namespace mirror::db {

class Transaction;

/// A stretch of a list in order of creation: rows with from <= created_at < to, of one scope. An absent bound is open.
struct CreationRange {
  std::string scope;  ///< value of the stream's scope column; empty: the whole table
  std::optional<Instant> from;
  std::optional<Instant> to;
};

/// Objects as stored, JSON, by id.
using RawTexts = std::unordered_map<std::string, std::string, IdHash, std::equal_to<>>;

/// What is stored of one mirrored table of one environment. Not thread-safe.
class RowReader {
 public:
  RowReader(const Connection& connection, const TableSpec& spec, std::string environment);

  [[nodiscard]] const TableSpec& spec() const { return *sql_.spec; }

  void read_states(Transaction& transaction, const std::vector<std::string_view>& ids, RowStates& into) const;
  /// The same; returns `_raw` of the rows that have one.
  RawTexts read_states_and_raws(Transaction& transaction, const std::vector<std::string_view>& ids,
                                RowStates& into) const;
  /// Empty if there is no such row.
  [[nodiscard]] std::optional<RowState> read_state(Transaction& transaction, std::string_view id) const;
  /// Adds the states of all rows in `ranges`, and calls none twice. Returns the ids in each of them. Either all ranges
  /// have a scope or none has.
  std::vector<std::vector<std::string>> read_states_in(Transaction& transaction,
                                                       const std::vector<CreationRange>& ranges,
                                                       std::string_view scope_column, RowStates& into) const;
  /// Adds the states of all rows whose `column` is one of `values`; returns their ids.
  std::vector<std::string> read_states_of(Transaction& transaction, std::string_view column,
                                          const std::vector<std::string_view>& values, RowStates& into) const;
  /// Up to `most` different values of `column` behind `after` that live rows have, in order. The table has to have an
  /// index of (_env, column).
  [[nodiscard]] std::vector<std::string> read_live_values(Transaction& transaction, std::string_view column,
                                                          std::string_view after, int most) const;
  /// The object as stored: a JSON object. Empty if there is no such row, or none with content.
  [[nodiscard]] std::optional<std::string> read_raw(Transaction& transaction, std::string_view id) const;
  [[nodiscard]] bool has_dead(Transaction& transaction) const;
  /// The dead among `ids`.
  [[nodiscard]] std::unordered_map<std::string, Tombstone, IdHash, std::equal_to<>> read_dead(
      Transaction& transaction, const std::vector<std::string_view>& ids) const;

  /// When rows that had been alive here died by events, themselves or with their parents, after `after`: by the API's
  /// time, ascending. With `written_after` only those that were written later, by the database's clock.
  [[nodiscard]] std::vector<Instant> deaths_by_event(Transaction& transaction, Instant after,
                                                     std::optional<Instant> written_after = std::nullopt) const;

  /// Ids of up to `each` of the first and of the last live rows in the order of ids: roughly the oldest and the newest.
  [[nodiscard]] std::vector<std::string> sample_ids(Transaction& transaction, int each) const;
  /// Live rows from all over the table, some thousands of a large one: id and created_at.
  [[nodiscard]] std::vector<std::pair<std::string, Instant>> sample_places(Transaction& transaction) const;
  [[nodiscard]] bool is_empty(Transaction& transaction) const;
  /// How many rows live; with `most` it stops counting there.
  [[nodiscard]] long count_live(Transaction& transaction, std::optional<long> most = std::nullopt) const;
  /// How many live rows each of `values` has as its `column`; those with none are left out.
  [[nodiscard]] std::vector<std::pair<std::string, long>> count_live_by(
      Transaction& transaction, std::string_view column, const std::vector<std::string_view>& values) const;

 protected:
  TableSql sql_;
  std::string environment_;
};

}  // namespace mirror::db
