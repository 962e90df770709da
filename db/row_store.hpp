#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/row_insertion.hpp"
#include "db/row_reader.hpp"
#include "model/row_state.hpp"

namespace mirror::db {

class ChangeFeed;

/// The end of a row, or of all rows that belong to a parent.
struct Death {
  std::string key;            ///< id of the row, or of its parent
  Instant at;                 ///< by the API's time
  std::string event_id = {};  ///< of the deletion event; empty: none
  /// When that event was created: what lived in a version no newer than this died then, whenever it was noticed.
  std::optional<Instant> told_at = std::nullopt;
};

/// Writes differences into one mirrored table of one environment; it decides nothing. Not thread-safe.
class RowStore : public RowReader {
 public:
  using RowReader::RowReader;

  /// The way for new rows.
  [[nodiscard]] std::unique_ptr<RowInsertion> begin_insertion(Transaction& transaction) const;
  /// Writes new rows; none of the ids may exist yet.
  void insert(Transaction& transaction, const std::vector<RowWrite>& rows) const;
  /// Replaces existing rows, liveness included. No id may occur twice.
  void update(Transaction& transaction, const std::vector<RowWrite>& rows) const;
  /// Marks live rows dead whose `key_column` is the key of a death, and records it in the feed; returns how many. Rows
  /// with content observed after their death stay, and so do children changed after their parent's death.
  long bury(Transaction& transaction, std::string_view key_column, const std::vector<Death>& deaths, DeletedBy by,
            ChangeFeed& feed) const;
  /// Adds tombstones of objects that the mirror never saw, so that a page in flight can't bring them in (rule R3).
  void add_tombstones(Transaction& transaction, const std::vector<Death>& deaths) const;
  /// Tells history, not the rows, when those died that belong to these parents and were found dead before their
  /// parents' deletion events came.
  void date_deaths(Transaction& transaction, std::string_view parent_column, const std::vector<Death>& deaths,
                   ChangeFeed& feed) const;
  /// Notes that rows which are dead already have been deleted by these events.
  void confirm_deaths(Transaction& transaction, const std::vector<Death>& deaths) const;
  /// Asks PostgreSQL whether it can hold the row besides those asked about before; returns its complaint if not. Leaves
  /// the row written, so the transaction is to be ended without a commit.
  [[nodiscard]] std::optional<std::string> storage_error(Transaction& transaction, const RowWrite& row) const;

 private:
  [[nodiscard]] std::vector<std::optional<std::string>> row_values(const RowWrite& write) const;
};

}  // namespace mirror::db
