#include "tests/harness/feed_replay.hpp"

#include <fmt/format.h>

#include "model/streams.hpp"

namespace mirror::harness {

MirrorContent read_content(TestDatabase& database, const std::string& environment) {
  MirrorContent content;
  for (const auto* table : all_tables()) {
    const std::string name(table->name);
    for (auto& row : database.rows(
             fmt::format("SELECT id, _raw, _deleted_at IS NULL FROM workos.{} WHERE _env = '{}'", name, environment))) {
      content[name + "/" + row[0]] = {row[1], row[2] == "t"};
    }
  }
  return content;
}

void rewind(MirrorContent& content, TestDatabase& database, std::int64_t seq, const std::string& environment) {
  for (const auto& row :
       database.rows(fmt::format("SELECT table_name || '/' || id, op, before FROM workos.changes WHERE _env = '{}' AND "
                                 "seq > {} AND op NOT IN ('snapshot', 'late') ORDER BY seq DESC",
                                 environment, seq))) {
    const bool was_unknown = row[1] == "insert" || row[2] == "NULL";
    if (was_unknown) {
      content.erase(row[0]);
    } else {
      content[row[0]] = {row[2], row[1] != "revive"};
    }
  }
}

}  // namespace mirror::harness
