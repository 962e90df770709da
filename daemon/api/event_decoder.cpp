#include "api/event_decoder.hpp"

#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <deque>

#include "api/api_error.hpp"
#include "api/item_decoder.hpp"
#include "api/json_document.hpp"
#include "api/list_envelope.hpp"
#include "api/member_filter.hpp"
#include "model/streams.hpp"

namespace mirror::api {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t max_name_bytes = 200;
/// The API's machines may disagree about the time, and an answer's Date has whole seconds.
constexpr std::chrono::minutes clock_tolerance{5};

std::size_t batch_of(const TableSpec& table) {
  const auto tables = all_tables();
  return static_cast<std::size_t>(std::ranges::find(tables, &table) - tables.begin());
}

std::string text_of(dom::element value, std::size_t most) {
  std::string_view text;
  return value.get_string().get(text) == simdjson::SUCCESS && text.size() <= most ? std::string(text) : std::string();
}

/// A value in the tree and in the text.
struct Part {
  dom::element value;
  Slice slice;
  bool present = false;
};

/// The member `key` of an object; absent if it is none or has no such member.
Part member_of(const Part& whole, std::string_view key) {
  Part part;
  dom::object object;
  if (!whole.present || whole.value.get_object().get(object) != simdjson::SUCCESS) return part;
  MemberSlices slices(whole.slice.text);
  std::string_view key_text;
  Slice slice;
  for (const dom::key_value_pair member : object) {
    if (!slices.next(key_text, slice)) break;
    if (member.key == key) part = {member.value, slice, true};
  }
  return part;
}

/// Decodes the events of one answer.
class EventDecoder {
 public:
  explicit EventDecoder(EventPage& page) : page_(page) {
    for (const auto* table : all_tables()) {
      std::span<const EmbeddedSpec> embedded;
      for (const auto* stream : all_streams()) {
        if (stream->table == table) embedded = stream->embedded;
      }
      embedded_.push_back(embedded);
      decoders_.emplace_back(*table, embedded, Source::event);
      members_.emplace_back(*table, std::span<const EmbeddedSpec>{}, Source::event);
    }
  }

  void decode(const Part& whole) {
    Event& event = page_.events.emplace_back();
    event.created_at = page_.answered_at;
    if (!whole.value.is_object()) {
      event.problem = "the event is not an object";
      return;
    }
    read_head(whole, event);
    if (whole.slice.depth > max_item_depth) {
      event.problem = "the event is nested deeper than 200 levels";
    } else if (whole.slice.text.size() > max_item_bytes) {
      event.problem = "the event is larger than 1 MiB";
    } else {
      event.raw = without_members(whole.slice.text, event_secret_keys(event.type));
    }
    if (event.problem.empty() && event.mirrored != nullptr) decode_object(object_of(whole, event), event);
  }

 private:
  static void read_head(const Part& whole, Event& event) {
    const Part id = member_of(whole, "id");
    const Part type = member_of(whole, "event");
    const Part created_at = member_of(whole, "created_at");
    if (id.present) event.id = text_of(id.value, max_id_bytes);
    if (type.present) event.type = text_of(type.value, max_name_bytes);
    const auto instant = created_at.present ? parse_instant(text_of(created_at.value, max_name_bytes)) : std::nullopt;
    if (event.id.empty()) event.problem = "key `id`: missing, not a string, empty or longer than 255 bytes";
    if (event.type.empty()) event.problem = "key `event`: missing, not a string, empty or too long";
    if (!instant) event.problem = "key `created_at`: missing or not an instant";
    if (instant) event.created_at = *instant;
    event.mirrored = find_event_type(event.type);
  }

  static Part object_of(const Part& whole, const Event& event) {
    const Part data = member_of(whole, "data");
    return event.mirrored->data_key.empty() ? data : member_of(data, event.mirrored->data_key);
  }

  void decode_object(const Part& object, Event& event) {
    if (!object.present || !object.value.is_object()) {
      event.problem = "the event's `data` is not an object";
      return;
    }
    const Part kind = member_of(object, "object");
    if (kind.present && text_of(kind.value, max_name_bytes) != event.mirrored->object) {
      event.problem = "the event's `data` is of another type than its name says";
      return;
    }
    const std::size_t number = batch_of(*event.mirrored->table);
    RowBatch& batch = page_.batches[number];
    const DecodedItem item = decoders_[number].decode(object.value, object.slice, {}, batch);
    event.object_id = item.listed.id;
    if (item.problem.empty()) {
      event.rows.push_back({number, batch.size() - 1});
      decode_embedded(number, event);
    } else if (!event.deletes() || event.object_id.empty()) {
      event.problem = item.problem;  // for a deletion the id is enough
    }
  }

  void decode_embedded(std::size_t number, Event& event) {
    for (std::size_t i = 0; i < embedded_[number].size(); ++i) {
      const EmbeddedSpec& spec = embedded_[number][i];
      const EmbeddedList list = decoders_[number].embedded_lists()[i];
      if (!list.present) continue;
      const std::size_t table = batch_of(*spec.table);
      ElementSlices slices(list.text);
      Slice slice;
      for (const dom::element member : list.items) {
        if (!slices.next(slice)) break;
        const auto item =
            members_[table].decode(member, slice, {spec.parent_column, event.object_id}, page_.batches[table]);
        // One that can't be decoded has events of its own, and the sweep of its parent.
        if (item.problem.empty()) event.rows.push_back({table, page_.batches[table].size() - 1});
      }
    }
  }

  EventPage& page_;
  std::deque<ItemDecoder> decoders_;  ///< in the order of all_tables
  std::deque<ItemDecoder> members_;   ///< the same for objects inside of others
  std::vector<std::span<const EmbeddedSpec>> embedded_;
};

}  // namespace

EventPage::EventPage() {
  for (const auto* table : all_tables()) batches.emplace_back(*table);
}

Instant EventPage::time_of(const Event& event) const {
  const Instant latest{answered_at.microseconds + std::chrono::microseconds(clock_tolerance).count()};
  return event.created_at > latest ? answered_at : event.created_at;
}

EventPage decode_event_page(std::string_view body, Instant answered_at) {
  const auto document = JsonDocument::borrow();
  const dom::element root = document->parse(body);
  const ListEnvelope envelope = read_envelope(root, document->text());
  EventPage page;
  page.answered_at = answered_at;
  page.after = envelope.after;
  EventDecoder decoder(page);
  ElementSlices slices(envelope.data_text);
  Slice slice;
  for (const dom::element item : envelope.data) {
    if (!slices.next(slice)) break;
    decoder.decode({item, slice, true});
  }
  return page;
}

EventPage decode_event(std::string_view body, Instant received_at) {
  const auto document = JsonDocument::borrow();
  const dom::element root = document->parse(body);
  EventPage page;
  page.answered_at = received_at;
  EventDecoder(page).decode({root, slice_value(document->text(), 0), true});
  const Event& event = page.events.front();
  const bool is_event = !event.id.empty() && !event.type.empty() && root.is_object() &&
                        root.at_key("created_at").error() == simdjson::SUCCESS;
  if (!is_event) throw Error(Fault::bad_data, "the body is no WorkOS event: " + event.problem);
  return page;
}

}  // namespace mirror::api
