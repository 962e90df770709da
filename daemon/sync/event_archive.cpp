#include "sync/event_archive.hpp"

#include "db/mirror_tables.hpp"

namespace mirror::sync {

void EventArchive::add(const EventWrite& write) {
  for (const auto& event : write.page.events) add(write.via, event);
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

bool EventArchive::save() {
  if (records_.empty() && cursor_ == nullptr) return false;
  session_.tables.events.keep(session_.transaction, records_);
  if (cursor_ != nullptr) session_.tables.tails.advance(session_.transaction, cursor_->event_id, cursor_->created_at);
  records_.clear();
  places_.clear();
  cursor_ = nullptr;
  return true;
}

}  // namespace mirror::sync
