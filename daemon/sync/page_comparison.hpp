#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "api/directory_api.hpp"
#include "db/erased_ids.hpp"
#include "db/mirror_tables.hpp"
#include "model/row_state.hpp"
#include "sync/comparison_ledger.hpp"
#include "sync/walk_tracker.hpp"

namespace mirror::sync {

/// Compares one page of a list with what the mirror holds of its objects, and of the stretch of the list that the page
/// covers: ids, hashes and liveness, never contents. Whatever disagrees becomes a suspicion, but for what the mirror
/// lacks because a person was erased. Lives within one transaction; not thread-safe.
class PageComparison {
 public:
  PageComparison(db::Transaction& transaction, const db::MirrorTables& tables, const db::ErasedIds& erased,
                 ComparisonLedger& ledger)
      : transaction_(transaction), tables_(tables), erased_(erased), ledger_(ledger) {}

  void compare(const StreamSpec& stream, const std::string& scope, const api::ListPage& page, const Coverage& covered);

  /// Suspects the live rows of `table` whose `column` is one of `values` and whose ids are not `listed`.
  void suspect_unlisted(const TableSpec& table, std::string_view column, const std::vector<std::string_view>& values,
                        const std::unordered_set<std::string_view>& listed);

 private:
  void compare_rows(const RowBatch& listed, std::string_view parent_column);
  void compare_range(const StreamSpec& stream, const std::string& scope, const api::ListPage& page,
                     const Coverage& covered);
  void compare_embedded(const EmbeddedSpec& spec, const RowBatch& members, const api::ListPage& page);
  void add_poison(const api::Poison& poison);

  db::Transaction& transaction_;
  const db::MirrorTables& tables_;
  const db::ErasedIds& erased_;
  ComparisonLedger& ledger_;
};

}  // namespace mirror::sync
