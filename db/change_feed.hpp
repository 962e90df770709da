#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/instant.hpp"

namespace mirror::db {

class Transaction;

/// One row of the change feed.
struct FeedEntry {
  std::string_view id;
  std::string_view op;   ///< insert, update, delete, revive
  std::string_view via;  ///< list, single, event, embedded, cascade
  Instant observed_at;
  std::optional<std::string_view> before;  ///< content before; empty: as the table holds it now
  std::string_view event_id = {};          ///< event that brought it; empty: none
};

/// A version, or a deletion, that came after a newer one: it changes no row, and history has nowhere else to keep it.
struct LateEntry {
  std::string_view id;
  std::string_view via;  ///< as in FeedEntry
  Instant observed_at;
  std::string_view event_id = {};                          ///< event that brought it; empty: none
  std::optional<std::string_view> content = std::nullopt;  ///< empty: the object died then
};

/// The change feed of one write transaction. Its numbers follow the lease's feed position, which the transaction's
/// last statement moves: so the feed has no gaps and its order is the commit order. Not thread-safe.
class ChangeFeed {
 public:
  ChangeFeed(std::string environment, std::int64_t first_seq)
      : environment_(std::move(environment)), next_seq_(first_seq) {}

  /// Records `entries` about rows of `table`. Call it before the rows are rewritten: it reads what they held before.
  void record(Transaction& transaction, std::string_view table, const std::vector<FeedEntry>& entries);
  /// Records those of `entries` that the feed does not tell yet; returns how many.
  std::int64_t record_late(Transaction& transaction, std::string_view table, const std::vector<LateEntry>& entries);
  /// One row that stands for a whole first load, so that it does not double the database.
  void record_snapshot(Transaction& transaction, std::string_view table, Instant observed_at);
  /// Numbers for `count` rows that a statement of RowStore writes itself; returns the first.
  std::int64_t reserve(std::int64_t count);

  [[nodiscard]] std::int64_t next_seq() const { return next_seq_; }
  [[nodiscard]] std::int64_t rows() const { return rows_; }

 private:
  std::string environment_;
  std::int64_t next_seq_;
  std::int64_t rows_ = 0;
};

}  // namespace mirror::db
