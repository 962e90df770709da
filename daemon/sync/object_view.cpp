#include "sync/object_view.hpp"

#include <algorithm>

#include "api/api_error.hpp"
#include "model/streams.hpp"

namespace mirror::sync {
namespace {

using Answer = ObjectView::Answer;

/// The table whose objects embed those of `table`.
const TableSpec& table_around(const TableSpec& table) {
  for (const auto* stream : all_streams()) {
    if (std::ranges::find(stream->embedded, &table, &EmbeddedSpec::table) != stream->embedded.end()) {
      return *stream->table;
    }
  }
  throw Error(Fault::bug, std::string(table.name) + " is embedded in no other table");
}

ObjectView view_of(const RowBatch& batch, std::size_t row) {
  return {Answer::readable, batch.hash(row), std::string(batch.raw(row))};
}

ObjectView find_embedded(const api::SingleObject& parent, const ObjectName& object) {
  for (const auto& batch : parent.embedded) {
    if (&batch.table() != object.table) continue;
    for (std::size_t row = 0; row < batch.size(); ++row) {
      if (batch.id(row) == object.id) return view_of(batch, row);
    }
  }
  const bool is_poison = std::ranges::any_of(
      parent.poison, [&](const api::Poison& poison) { return poison.table == object.table && poison.id == object.id; });
  return {is_poison ? Answer::undecodable : Answer::absent, {}, {}};
}

}  // namespace

ObjectView view_object(const api::DirectoryApi& api, const ObjectName& object, const std::stop_token& stop) {
  const bool is_embedded = !object.parent_id.empty();
  const TableSpec& table = is_embedded ? table_around(*object.table) : *object.table;
  try {
    const auto answer = api.get(table, is_embedded ? object.parent_id : object.id, api::Lane::confirm, stop);
    if (!answer.found) return {};
    return is_embedded ? find_embedded(answer, object) : view_of(answer.row, 0);
  } catch (const api::ApiError&) {
    throw;
  } catch (const Error& error) {
    if (error.fault() != Fault::bad_data) throw;
    return {Answer::undecodable, {}, {}};
  }
}

}  // namespace mirror::sync
