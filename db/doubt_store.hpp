#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mirror::db {

class Transaction;

/// A row about which an event left a doubt that a read of the object by its id settles.
struct Doubt {
  std::string table;
  std::string id;
  std::string event_id;    ///< of a deletion that is in doubt; empty: the content is
  std::string deleted_at;  ///< of that deletion, by the API's time
  std::string raised_at;   ///< by the database's clock; set when read
};

/// The table doubts of one environment. Not thread-safe.
class DoubtStore {
 public:
  explicit DoubtStore(std::string environment) : environment_(std::move(environment)) {}

  void raise(Transaction& transaction, const std::vector<Doubt>& doubts) const;
  /// The oldest ones of the table that has the oldest one.
  [[nodiscard]] std::vector<Doubt> read(Transaction& transaction, int most) const;
  /// Those that were raised again since they were read stay.
  void settle(Transaction& transaction, const std::vector<Doubt>& doubts) const;

 private:
  std::string environment_;
};

}  // namespace mirror::db
