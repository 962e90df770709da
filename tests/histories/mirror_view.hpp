#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tests/harness/test_database.hpp"

namespace mirror::histories {

/// One row as a check sees it.
struct RowView {
  std::string table;
  bool lives = true;
  std::string deleted_by;
  std::int64_t deleted_at = 0;  ///< microseconds since the epoch
};

/// What the database holds of one environment between two steps.
struct MirrorView {
  std::map<std::string, RowView> rows;  ///< by id
  std::string cursor;                   ///< of the tail; empty: none
};

MirrorView read_view(harness::TestDatabase& database, const std::string& environment);

/// Changes whenever a row of the mirrored tables or of the feed is written.
std::string read_fingerprint(harness::TestDatabase& database, const std::string& environment);

}  // namespace mirror::histories
