#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mirror::db {

class Transaction;

/// A change as somebody outside reads it.
struct FeedLine {
  std::int64_t seq = 0;
  std::string table;
  std::string json;  ///< the whole change as one line of JSON
};

/// Who reads the feed, and how far it has come.
struct ConsumerRecord {
  std::string name;
  std::int64_t seq = 0;
  std::int64_t lag = 0;       ///< changes that it has yet to take
  std::string waiting_since;  ///< when the oldest of them was written; empty: none
  std::string moved_at;       ///< empty: it has never taken any
};

/// The change feed of one environment for those who follow it, and its consumers. Errors are those of the SQL functions
/// (Fault::usage for a consumer that does not exist or has fallen behind). Not thread-safe.
class FeedReader {
 public:
  explicit FeedReader(std::string environment) : environment_(std::move(environment)) {}

  /// The next changes after `seq`, in order.
  [[nodiscard]] std::vector<FeedLine> read_after(Transaction& transaction, std::int64_t seq, int most) const;
  /// The next changes of a consumer, whose position moves with the commit. Others of the same name wait for that.
  [[nodiscard]] std::vector<FeedLine> consume(Transaction& transaction, std::string_view consumer, int most) const;
  /// Whether there are changes after `seq`, or that a consumer has not taken. Locks and writes nothing.
  [[nodiscard]] bool has_more_after(Transaction& transaction, std::int64_t seq) const;
  [[nodiscard]] bool has_more_for(Transaction& transaction, std::string_view consumer) const;

  /// `start_at` is start, now or a position. Returns the position.
  std::int64_t create(Transaction& transaction, std::string_view consumer, std::string_view start_at) const;
  [[nodiscard]] bool exists(Transaction& transaction, std::string_view consumer) const;
  /// False if there was none.
  bool drop(Transaction& transaction, std::string_view consumer) const;
  [[nodiscard]] std::vector<ConsumerRecord> read_consumers(Transaction& transaction) const;

 private:
  std::string environment_;
};

}  // namespace mirror::db
