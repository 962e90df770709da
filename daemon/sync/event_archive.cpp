#include "sync/event_archive.hpp"

#include <algorithm>

#include "db/mirror_tables.hpp"
#include "model/streams.hpp"

namespace mirror::sync {

void EventArchive::add(const EventWrite& write) {
  for (const auto& event : write.page.events) {
    add(write.via, event);
    touch(write, event);
  }
  if (write.cursor) cursor_ = &*write.cursor;
}

void EventArchive::add(EventVia via, const api::Event& event) {
  const auto next = records_.size();
  // Without an id it is known by its content, of which the database makes a hash.
  const auto name = event.id.empty() ? std::string_view(event.raw) : std::string_view(event.id);
  const auto [place, is_new] = places_.try_emplace({name, event.created_at}, next);
  if (is_new) {
    records_.push_back({event.id, event.type.empty() ? std::string_view("unknown") : std::string_view(event.type),
                        event.created_at, event.mirrored == nullptr ? std::string_view() : event.mirrored->table->name,
                        event.object_id, event.raw, event.problem});
  }
  auto& record = records_[place->second];
  record.by_tail = record.by_tail || via == EventVia::tail;
  record.by_webhook = record.by_webhook || via == EventVia::webhook;
}

void EventArchive::touch(const EventWrite& write, const api::Event& event) {
  if (event.rows.empty()) return;
  const auto& place = event.rows.front();
  const auto& batch = write.page.batches[place.batch];
  for (const auto* stream : all_streams()) {
    if (stream->table != &batch.table() || stream->scope_column.empty()) continue;
    const auto column = column_index(batch.table(), stream->scope_column);
    const auto scope = batch.value(place.row, static_cast<std::size_t>(column));
    if (!scope) continue;
    touched_[stream].emplace(*scope);
    touched_at_ = std::max(touched_at_, event.created_at);
  }
}

bool EventArchive::save() {
  if (records_.empty() && cursor_ == nullptr) return false;
  session_.tables.events.keep(session_.transaction, records_);
  if (cursor_ != nullptr) session_.tables.tails.advance(session_.transaction, cursor_->event_id, cursor_->created_at);
  for (const auto& [stream, scopes] : touched_) {
    session_.tables.walks.touch(session_.transaction, stream->name, {scopes.begin(), scopes.end()}, touched_at_);
  }
  touched_.clear();
  touched_at_ = Instant{INT64_MIN};
  records_.clear();
  places_.clear();
  cursor_ = nullptr;
  return true;
}

}  // namespace mirror::sync
