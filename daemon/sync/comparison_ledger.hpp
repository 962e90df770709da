#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/row_state.hpp"
#include "sync/difference.hpp"

namespace mirror::sync {

/// An object and a row that disagreed when they were last seen, maybe only because one of them was just changing.
struct Suspicion {
  ObjectName object;
  std::optional<RowState> row;  ///< as last seen; empty: there was none
};

/// Collects what the walks and the later looks find, per table. Its memory is bounded by the suspicions kept, of which
/// only ids and states are stored. Thread-safe.
class ComparisonLedger {
 public:
  /// Of each table up to `most_suspicions` are kept, further ones only counted.
  explicit ComparisonLedger(std::size_t most_suspicions) : most_suspicions_(most_suspicions) {}

  void add_compared(const TableSpec& table, std::int64_t objects);
  void add_problem(const TableSpec& table, const std::string& problem);
  void add_changing(const TableSpec& table);
  void add_unannounced(const TableSpec& table);
  /// Keeps the later one of two suspicions of the same object.
  void suspect(Suspicion suspicion);
  void report(Difference difference);

  /// All suspicions; none are left.
  std::vector<Suspicion> take_suspicions();
  /// In no particular order of tables; differences in order of kind and id.
  [[nodiscard]] std::vector<TableComparison> results() const;

 private:
  TableComparison& of(const TableSpec& table);

  const std::size_t most_suspicions_;
  mutable std::mutex mutex_;
  std::map<const TableSpec*, TableComparison> tables_;
  std::map<const TableSpec*, std::map<std::string, Suspicion, std::less<>>> suspicions_;
};

}  // namespace mirror::sync
