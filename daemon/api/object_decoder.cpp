#include "api/object_decoder.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include "api/api_error.hpp"
#include "api/item_decoder.hpp"
#include "api/json_document.hpp"
#include "model/streams.hpp"

namespace mirror::api {
namespace {

namespace dom = simdjson::dom;

/// The parts of a list's envelope that matter.
struct Envelope {
  dom::array data;
  std::string_view data_text;
  std::optional<std::string> after;
};

ApiError not_a_list(std::string_view why) {
  ApiProblem problem;
  problem.status = 200;
  return {Fault::unavailable, fmt::format("the answer is JSON, but not a WorkOS list: {}", why),
          "Check api.base_url: it has to be the address of the WorkOS API.", std::move(problem)};
}

/// Only null, a missing or an empty cursor end a list: a cursor that can't be read must not pass for the end.
std::optional<std::string> read_cursor(dom::element metadata) {
  dom::element after;
  if (metadata.is_null()) return std::nullopt;
  if (!metadata.is_object()) throw not_a_list("`list_metadata` is not an object");
  if (metadata.at_key("after").get(after) != simdjson::SUCCESS || after.is_null()) return std::nullopt;
  std::string_view cursor;
  if (after.get_string().get(cursor) != simdjson::SUCCESS) throw not_a_list("`list_metadata.after` is not a string");
  return cursor.empty() ? std::nullopt : std::optional<std::string>(cursor);
}

Envelope read_envelope(dom::element root, std::string_view text) {
  dom::object object;
  if (root.get_object().get(object) != simdjson::SUCCESS) throw not_a_list("it is not an object");
  Envelope envelope;
  bool has_data = false;
  MemberSlices slices(text);
  std::string_view key_text;
  Slice value;
  for (const dom::key_value_pair member : object) {
    if (!slices.next(key_text, value)) break;
    if (member.key == "data") {
      has_data = member.value.get_array().get(envelope.data) == simdjson::SUCCESS;
      envelope.data_text = value.text;
    } else if (member.key == "list_metadata") {
      envelope.after = read_cursor(member.value);
    }
  }
  if (!has_data) throw not_a_list("it has no array `data`");
  return envelope;
}

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

}  // namespace

ListPage decode_list_page(std::string_view body, const StreamSpec& stream) {
  JsonDocument& document = JsonDocument::of_this_thread();
  const dom::element root = document.parse(body);
  Envelope envelope = read_envelope(root, document.text());

  ListPage page(*stream.table);
  PageDecoder decoder(*stream.table, stream.embedded, page.embedded, page.poison);
  ElementSlices slices(envelope.data_text);
  Slice slice;
  for (const dom::element item : envelope.data) {
    if (!slices.next(slice)) break;
    page.listed.push_back(decoder.decode(item, slice, page.rows));
  }
  page.after = std::move(envelope.after);
  return page;
}

SingleObject decode_object(std::string_view body, const TableSpec& table) {
  JsonDocument& document = JsonDocument::of_this_thread();
  const dom::element root = document.parse(body);

  SingleObject object(table);
  PageDecoder decoder(table, embedded_of(table), object.embedded, object.poison);
  const ListedItem listed = decoder.decode(root, slice_value(document.text(), 0), object.row);
  if (object.row.empty()) {
    throw Error(Fault::bad_data, fmt::format("object {} of {}: {}", listed.id.empty() ? "without id" : listed.id,
                                             table.name, object.poison.front().error));
  }
  object.found = true;
  return object;
}

}  // namespace mirror::api
