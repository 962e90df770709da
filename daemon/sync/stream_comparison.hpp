#pragma once

#include <mutex>
#include <set>
#include <stop_token>
#include <string>

#include "api/directory_api.hpp"
#include "db/mirror_reader.hpp"
#include "sync/comparison_ledger.hpp"
#include "sync/list_reading.hpp"
#include "sync/status_board.hpp"

namespace mirror::sync {

/// Reads all lists of one stream and compares them, page by page, with what the mirror holds. In memory stay the pages
/// being read and, where other rows hang on them, the ids of the listed parents. Used by one thread.
class StreamComparison {
 public:
  /// `parallel` lists are read at once, if the stream has one per organization.
  StreamComparison(const api::DirectoryApi& api, db::MirrorReader& mirror, ComparisonLedger& ledger, StatusBoard& board,
                   const StreamSpec& stream, int parallel)
      : api_(api), mirror_(mirror), ledger_(ledger), board_(board), stream_(stream), parallel_(parallel) {}

  /// What disagrees at first sight becomes a suspicion. Throws Error when API or database does not answer.
  void run(const std::stop_token& stop);

 private:
  using Ids = std::set<std::string, std::less<>>;

  void compare_whole_list(const std::stop_token& stop);
  void compare_scopes(const std::stop_token& stop);
  /// False if the organization vanished.
  bool compare_scope(const std::string& scope, const std::stop_token& stop);
  void compare_page(const std::string& scope, const api::ListPage& page, const Coverage& covered);
  void suspect_orphans(const TableSpec& table, std::string_view parent_column, const Ids& parents,
                       const std::stop_token& stop);
  void count(const ListReading& reading);

  const api::DirectoryApi& api_;
  db::MirrorReader& mirror_;
  ComparisonLedger& ledger_;
  StatusBoard& board_;
  const StreamSpec& stream_;
  const int parallel_;
};

}  // namespace mirror::sync
