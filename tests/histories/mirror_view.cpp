#include "tests/histories/mirror_view.hpp"

#include <fmt/format.h>

#include "model/streams.hpp"

namespace mirror::histories {

MirrorView read_view(harness::TestDatabase& database, const std::string& environment) {
  std::string query = fmt::format(
      "SELECT '', COALESCE((SELECT cursor FROM workos.event_tails WHERE _env = '{}'), ''), 'f', '', '0'", environment);
  for (const auto* table : all_tables()) {
    query += fmt::format(
        " UNION ALL SELECT '{}', id, _deleted_at IS NULL, COALESCE(_deleted_by, ''), "
        "(COALESCE(extract(epoch FROM _deleted_at), 0) * 1000000)::bigint::text FROM workos.{} WHERE _env = '{}'",
        table->name, table->name, environment);
  }
  MirrorView view;
  for (const auto& row : database.rows(query)) {
    if (row[0].empty()) {
      view.cursor = row[1];
    } else {
      view.rows[row[1]] = {row[0], row[2] == "t", row[3], std::stoll(row[4])};
    }
  }
  return view;
}

std::string read_fingerprint(harness::TestDatabase& database, const std::string& environment) {
  std::string query =
      fmt::format("SELECT concat(count(*), max(seq)) FROM workos.changes WHERE _env = '{}'", environment);
  for (const auto* table : all_tables()) {
    query += fmt::format(
        " UNION ALL SELECT COALESCE(md5(string_agg(id || ctid::text || xmin::text, ',' ORDER BY id)), '') "
        "FROM workos.{} WHERE _env = '{}'",
        table->name, environment);
  }
  std::string fingerprint;
  for (const auto& row : database.rows(query)) fingerprint += row[0] + " ";
  return fingerprint;
}

}  // namespace mirror::histories
