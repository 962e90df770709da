#include "db/doubt_store.hpp"

#include <fmt/core.h>

#include "db/array_literal.hpp"
#include "db/result_reader.hpp"
#include "db/transaction.hpp"

namespace mirror::db {

void DoubtStore::raise(Transaction& transaction, const std::vector<Doubt>& doubts) const {
  if (doubts.empty()) return;
  ArrayLiteral tables;
  ArrayLiteral ids;
  ArrayLiteral event_ids;
  ArrayLiteral instants;
  for (const auto& doubt : doubts) {
    tables.add(doubt.table);
    ids.add(doubt.id);
    doubt.event_id.empty() ? event_ids.add_null() : event_ids.add(doubt.event_id);
    doubt.deleted_at.empty() ? instants.add_null() : instants.add(doubt.deleted_at);
  }
  // Raised twice in one batch, the later one counts, but for what only the earlier one tells.
  transaction.run(fmt::format("INSERT INTO {} AS known (_env, table_name, id, event_id, deleted_at) "
                              "SELECT $1, table_name, id, "
                              "(array_agg(event_id ORDER BY position DESC) FILTER (WHERE event_id IS NOT NULL))[1], "
                              "(array_agg(at::timestamptz ORDER BY position DESC) FILTER (WHERE at IS NOT NULL))[1] "
                              "FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY "
                              "AS batch (table_name, id, event_id, at, position) GROUP BY table_name, id "
                              "ON CONFLICT (_env, table_name, id) DO UPDATE SET raised_at = clock_timestamp(), "
                              "event_id = COALESCE(EXCLUDED.event_id, known.event_id), "
                              "deleted_at = COALESCE(EXCLUDED.deleted_at, known.deleted_at)",
                              transaction.connection().table("doubts")),
                  environment_, tables.str(), ids.str(), event_ids.str(), instants.str());
}

std::vector<Doubt> DoubtStore::read(Transaction& transaction, int most) const {
  const std::string table = transaction.connection().table("doubts");
  const auto result = transaction.run(
      fmt::format("SELECT table_name, id, event_id, deleted_at, raised_at FROM {0} WHERE _env = $1 AND table_name = "
                  "(SELECT table_name FROM {0} WHERE _env = $1 ORDER BY raised_at LIMIT 1) "
                  "ORDER BY raised_at LIMIT $2",
                  table),
      environment_, most);
  std::vector<Doubt> doubts;
  for (int row = 0; row < static_cast<int>(result.size()); ++row) {
    const auto text = [&](int column) { return std::string(read_text(result, row, column).value_or("")); };
    doubts.push_back({text(0), text(1), text(2), text(3), text(4)});
  }
  return doubts;
}

void DoubtStore::settle(Transaction& transaction, const std::vector<Doubt>& doubts) const {
  if (doubts.empty()) return;
  ArrayLiteral ids;
  ArrayLiteral raised;
  for (const auto& doubt : doubts) {
    ids.add(doubt.id);
    raised.add(doubt.raised_at);
  }
  transaction.run(fmt::format("DELETE FROM {} AS known USING unnest($3::text[], $4::text[]) AS settled (id, raised_at) "
                              "WHERE _env = $1 AND table_name = $2 AND known.id = settled.id "
                              "AND known.raised_at = settled.raised_at::timestamptz",
                              transaction.connection().table("doubts")),
                  environment_, doubts.front().table, ids.str(), raised.str());
}

}  // namespace mirror::db
