#include "api/object_decoder.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include "api/api_error.hpp"
#include "api/item_decoder.hpp"
#include "api/json_document.hpp"
#include "api/list_envelope.hpp"
#include "model/streams.hpp"

namespace mirror::api {
namespace {

namespace dom = simdjson::dom;

/// Decodes items and what is embedded in them into the batches of one answer.
class PageDecoder {
 public:
  PageDecoder(const TableSpec& table, std::span<const EmbeddedSpec> embedded, std::vector<RowBatch>& embedded_rows,
              std::vector<Poison>& poison)
      : table_(table), items_(table, embedded), embedded_(embedded), embedded_rows_(embedded_rows), poison_(poison) {
    for (const EmbeddedSpec& spec : embedded) {
      embedded_rows_.emplace_back(*spec.table);
      members_.emplace_back(*spec.table, std::span<const EmbeddedSpec>{});
    }
  }

  ListedItem decode(dom::element item, const Slice& slice, RowBatch& rows) {
    DecodedItem decoded = items_.decode(item, slice, {}, rows);
    if (decoded.problem.empty()) {
      decode_embedded(decoded.listed.id);
    } else {
      park(decoded, table_, {});
    }
    return std::move(decoded.listed);
  }

 private:
  void decode_embedded(const std::string& parent_id) {
    for (std::size_t i = 0; i < embedded_.size(); ++i) {
      const EmbeddedList& list = items_.embedded_lists()[i];
      ElementSlices slices(list.text);
      Slice slice;
      for (const dom::element member : list.items) {
        if (!slices.next(slice)) break;
        DecodedItem decoded =
            members_[i].decode(member, slice, {embedded_[i].parent_column, parent_id}, embedded_rows_[i]);
        if (!decoded.problem.empty()) park(decoded, *embedded_[i].table, parent_id);
      }
    }
  }

  void park(DecodedItem& item, const TableSpec& table, const std::string& parent_id) {
    poison_.push_back({item.listed.id, std::move(item.problem), std::move(item.raw), &table, parent_id});
  }

  const TableSpec& table_;
  ItemDecoder items_;
  std::span<const EmbeddedSpec> embedded_;
  std::deque<ItemDecoder> members_;
  std::vector<RowBatch>& embedded_rows_;
  std::vector<Poison>& poison_;
};

std::span<const EmbeddedSpec> embedded_of(const TableSpec& table) {
  for (const StreamSpec* stream : all_streams()) {
    if (stream->table == &table) return stream->embedded;
  }
  return {};
}

/// What `item` shows of an object of another stream.
void read_mention(dom::element item, std::string_view key, std::vector<ListedItem>& mentioned) {
  dom::object object;
  std::string_view id;
  std::string_view created_at;
  if (item.at_key(key).get_object().get(object) != simdjson::SUCCESS) return;
  if (object.at_key("id").get_string().get(id) != simdjson::SUCCESS) return;
  if (object.at_key("created_at").get_string().get(created_at) != simdjson::SUCCESS) return;
  if (const auto instant = parse_instant(created_at)) mentioned.push_back({std::string(id), instant});
}

}  // namespace

ListPage decode_list_page(std::string_view body, const StreamSpec& stream) {
  const auto document = JsonDocument::borrow();
  const dom::element root = document->parse(body);
  ListEnvelope envelope = read_envelope(root, document->text());

  ListPage page(*stream.table);
  PageDecoder decoder(*stream.table, stream.embedded, page.embedded, page.poison);
  ElementSlices slices(envelope.data_text);
  Slice slice;
  for (const dom::element item : envelope.data) {
    if (!slices.next(slice)) break;
    page.listed.push_back(decoder.decode(item, slice, page.rows));
    if (!stream.mentions.stream.empty()) read_mention(item, stream.mentions.key, page.mentioned);
  }
  page.rows.finish();
  page.after = std::move(envelope.after);
  return page;
}

SingleObject decode_object(std::string_view body, const TableSpec& table) {
  const auto document = JsonDocument::borrow();
  const dom::element root = document->parse(body);

  SingleObject object(table);
  PageDecoder decoder(table, embedded_of(table), object.embedded, object.poison);
  const ListedItem listed = decoder.decode(root, slice_value(document->text(), 0), object.row);
  if (object.row.empty()) {
    throw Error(Fault::bad_data, fmt::format("object {} of {}: {}", listed.id.empty() ? "without id" : listed.id,
                                             table.name, object.poison.front().error));
  }
  object.found = true;
  return object;
}

}  // namespace mirror::api
