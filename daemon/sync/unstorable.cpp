#include "sync/unstorable.hpp"

#include <utility>

#include "db/mirror_tables.hpp"
#include "support/log.hpp"

namespace mirror::sync {

bool take_out_unstorable(db::Transaction& transaction, const db::MirrorTables& tables, PageWrite& page) {
  std::vector<const RowBatch*> batches{&page.page.rows};
  for (const auto& embedded : page.page.embedded) batches.push_back(&embedded);
  for (std::size_t number = 0; number < batches.size(); ++number) {
    const auto& rows = tables.rows(batches[number]->table());
    for (std::size_t row = 0; row < batches[number]->size(); ++row) {
      auto complaint = rows.storage_error(transaction, {batches[number], row, page.page.answered_at, {}});
      if (!complaint) continue;
      log::warn("{} {} can't be stored and is parked in quarantine: {}", batches[number]->table().name,
                batches[number]->id(row), *complaint);
      page.unstorable.emplace(std::pair{number, row}, std::move(*complaint));
    }
  }
  return !page.unstorable.empty();
}

bool take_out_unstorable(db::Transaction& transaction, const db::MirrorTables& tables, SingleWrite& single) {
  const auto& object = single.object;
  std::vector<const RowBatch*> batches{&object.row};
  for (const auto& embedded : object.embedded) batches.push_back(&embedded);
  for (const auto* batch : batches) {
    const auto& rows = tables.rows(batch->table());
    for (std::size_t row = 0; row < batch->size(); ++row) {
      auto complaint = rows.storage_error(transaction, {batch, row, object.answered_at, {}});
      if (!complaint) continue;
      log::warn("{} {} can't be stored and is parked in quarantine: {}", object.row.table().name, object.row.id(0),
                *complaint);
      single.unstorable = std::move(*complaint);
      return true;
    }
  }
  return false;
}

bool take_out_unstorable(db::Transaction& transaction, const db::MirrorTables& tables, EventWrite& events) {
  bool found = false;
  for (auto& event : events.page.events) {
    std::optional<std::string> complaint;
    for (const auto& place : event.rows) {
      const auto& batch = events.page.batches[place.batch];
      complaint = tables.rows(batch.table()).storage_error(transaction, {&batch, place.row, event.created_at, {}});
      if (complaint) break;
    }
    if (!event.raw.empty()) {
      if (auto of_raw = tables.events.storage_error(transaction, event.raw)) {
        complaint = std::move(of_raw);
        event.raw.clear();
      }
    }
    if (!complaint) continue;
    log::warn("event {} can't be stored as it is: {}", event.id, *complaint);
    // A deletion needs no more than the id.
    if (!event.deletes() || event.object_id.empty()) event.problem = std::move(*complaint);
    event.rows.clear();
    found = true;
  }
  return found;
}

}  // namespace mirror::sync
