#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/table_spec.hpp"
#include "support/instant.hpp"

namespace mirror::db {

class Transaction;

/// One deletion that the brake stopped.
struct HeldDeletion {
  std::string id;
  std::string event_id = {};    ///< empty: a sweep missed the row
  std::string deleted_at = {};  ///< creation of that event
  long children = 0;            ///< rows that would die with it; not read back
};

/// A hold that deletions joined.
struct JoinedHold {
  int id = 0;
  long added = 0;  ///< deletions that were not in it yet
};

/// A set of deletions that the brake stopped.
struct HoldRecord {
  int id = 0;
  std::string stream;  ///< mirrored table whose limit was crossed
  std::string state;   ///< open, approved, discarded, replaced
  std::string cause;   ///< sweep or event
  std::int64_t snapshot_id = 0;
  long deletions = 0;
  long cascades = 0;
  long live_rows = 0;
  std::string reason;
  std::string created_at;
};

/// Whose hold that is, in whatever state; empty if there is none.
std::optional<std::string> find_environment_of_hold(Transaction& transaction, int id);

/// The tables holds and hold_items of one environment. Not thread-safe.
class HoldStore {
 public:
  explicit HoldStore(std::string environment) : environment_(std::move(environment)) {}

  /// Opens a hold over `ids` of `hold.stream`; an open one of the same stream and cause is replaced. Returns its id.
  int open(Transaction& transaction, const HoldRecord& hold, const std::vector<std::string>& ids) const;
  /// Adds `deletions` to the open hold of `hold.stream` over events, or opens one. Those that are in it count once.
  JoinedHold join(Transaction& transaction, const HoldRecord& hold, const std::vector<HeldDeletion>& deletions) const;
  [[nodiscard]] bool is_open(Transaction& transaction, std::string_view stream, std::string_view cause) const;
  /// Deletion events of the rows `ids` of `stream` that a person has discarded: they are left to the next sweep.
  [[nodiscard]] std::set<std::string, std::less<>> discarded_events(Transaction& transaction, std::string_view stream,
                                                                    const std::vector<std::string_view>& ids) const;
  /// Ids of `stream` in an open hold over events.
  [[nodiscard]] std::vector<std::string> held_by_events(Transaction& transaction, std::string_view stream) const;
  /// When a person last approved deletions of rows of `table`, by events or together with their parents: by the
  /// database's clock.
  [[nodiscard]] std::optional<Instant> approved_at(Transaction& transaction, const TableSpec& table) const;
  /// A newer certified sweep found less: nothing is left to decide.
  void replace_open(Transaction& transaction, std::string_view stream, std::string_view cause) const;
  /// Closes the other open holds of `table` that `decided` has left nothing to decide about: all their rows are dead.
  void close_moot(Transaction& transaction, const TableSpec& table, int decided) const;
  [[nodiscard]] std::vector<HoldRecord> read_open(Transaction& transaction) const;
  [[nodiscard]] std::optional<HoldRecord> read(Transaction& transaction, int id) const;
  [[nodiscard]] std::vector<HeldDeletion> read_items(Transaction& transaction, int id) const;
  /// True if the row of `table` waits in an open hold, by itself or as a child of a row that does (rule R9).
  [[nodiscard]] bool is_held(Transaction& transaction, const TableSpec& table, std::string_view id) const;
  /// Closes an open hold; false if it is not open (any more).
  bool decide(Transaction& transaction, int id, std::string_view state, std::string_view decided_by) const;
  /// `rows_deleted` counts the children too.
  void note_outcome(Transaction& transaction, int id, const std::vector<std::string>& deleted, long rows_deleted,
                    const std::vector<std::string>& kept) const;

 private:
  std::string environment_;
};

}  // namespace mirror::db
