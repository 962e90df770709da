#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "db/table_sql.hpp"
#include "model/row_batch.hpp"
#include "model/row_state.hpp"

namespace mirror::db {

class ChangeFeed;
class Transaction;

/// A whole row to be written: content from a batch, and the mark of death if it arrives dead.
struct RowWrite {
  const RowBatch* batch = nullptr;
  std::size_t row = 0;
  Instant observed_at;
  std::optional<Tombstone> tombstone;
  std::string_view event_id = {};  ///< of the event that brought it; empty: none
};

/// The end of a row, or of all rows that belong to a parent.
struct Death {
  std::string key;            ///< id of the row, or of its parent
  Instant at;                 ///< by the API's time
  std::string event_id = {};  ///< of the deletion event; empty: none
};

/// A stretch of a list in order of creation: rows with from <= created_at < to, of one scope. An absent bound is open.
struct CreationRange {
  std::string scope;  ///< value of the stream's scope column; empty: the whole table
  std::optional<Instant> from;
  std::optional<Instant> to;
};

/// Objects as stored, JSON, by id.
using RawTexts = std::unordered_map<std::string, std::string, IdHash, std::equal_to<>>;

/// The rows of one mirrored table of one environment. Reads states for comparison and writes differences; it decides
/// nothing. Not thread-safe.
class RowStore {
 public:
  RowStore(const Connection& connection, const TableSpec& spec, std::string environment);

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

  /// Streams new rows through COPY; none of the ids may exist yet.
  void insert(Transaction& transaction, const std::vector<RowWrite>& rows) const;
  /// Replaces existing rows, liveness included. No id may occur twice.
  void update(Transaction& transaction, const std::vector<RowWrite>& rows) const;
  /// Marks live rows dead whose `key_column` is the key of a death, and records it in the feed; returns how many. Rows
  /// with content observed after their death stay, and so do children changed after their parent's death.
  long bury(Transaction& transaction, std::string_view key_column, const std::vector<Death>& deaths, DeletedBy by,
            ChangeFeed& feed) const;
  /// Adds tombstones of objects that the mirror never saw, so that a page in flight can't bring them in (rule R3).
  void add_tombstones(Transaction& transaction, const std::vector<Death>& deaths) const;
  /// Notes that rows which are dead already have been deleted by these events.
  void confirm_deaths(Transaction& transaction, const std::vector<Death>& deaths) const;
  /// When rows that had been alive here died by events, themselves or with their parents, after `after`: by the API's
  /// time, ascending.
  [[nodiscard]] std::vector<Instant> deaths_by_event(Transaction& transaction, Instant after) const;
  /// Asks PostgreSQL whether it can hold the row besides those asked about before; returns its complaint if not. Leaves
  /// the row written, so the transaction is to be ended without a commit.
  [[nodiscard]] std::optional<std::string> storage_error(Transaction& transaction, const RowWrite& row) const;

  /// Ids of up to `each` of the newest and of the oldest live rows.
  [[nodiscard]] std::vector<std::string> sample_ids(Transaction& transaction, int each) const;
  /// Live rows from all over the table, some thousands of a large one: id and created_at.
  [[nodiscard]] std::vector<std::pair<std::string, Instant>> sample_places(Transaction& transaction) const;
  [[nodiscard]] bool is_empty(Transaction& transaction) const;
  [[nodiscard]] long count_live(Transaction& transaction) const;
  /// How many live rows each of `values` has as its `column`; those with none are left out.
  [[nodiscard]] std::vector<std::pair<std::string, long>> count_live_by(
      Transaction& transaction, std::string_view column, const std::vector<std::string_view>& values) const;

 private:
  [[nodiscard]] std::vector<std::optional<std::string>> row_values(const RowWrite& write) const;

  TableSql sql_;
  std::string environment_;
};

std::string_view to_string(DeletedBy by) noexcept;

}  // namespace mirror::db
