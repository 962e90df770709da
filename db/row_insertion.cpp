#include "db/row_insertion.hpp"

#include <optional>

#include "db/array_literal.hpp"
#include "support/error.hpp"

namespace mirror::db {
namespace {

/// A column's value from the text form in which a RowBatch holds it.
void copy_value(CopyStream& copy, ColumnType type, std::optional<std::string_view> value) {
  if (!value) return copy.null();
  switch (type) {
    case ColumnType::text:
    case ColumnType::slug:
      return copy.text(*value);
    case ColumnType::boolean:
      return copy.boolean(*value == "t");
    case ColumnType::instant: {
      const auto instant = parse_instant(*value);
      if (!instant) throw Error(Fault::bug, "a decoded instant can't be read");
      return copy.instant(*instant);
    }
    case ColumnType::json:
      return copy.json(*value);
    case ColumnType::slugs:
      return copy.texts(array_elements(*value));
  }
}

}  // namespace

RowInsertion::RowInsertion(Transaction& transaction, const TableSql& sql, const std::string& environment)
    : sql_(sql), environment_(environment), copy_(transaction, sql.name, sql.copied_columns) {}

void RowInsertion::add(const RowWrite& write) {
  const RowBatch& batch = *write.batch;
  const auto& columns = sql_.spec->columns;
  copy_.begin_row();
  copy_.text(environment_);
  copy_.text(batch.id(write.row));
  for (std::size_t column = 0; column < columns.size(); ++column) {
    copy_value(copy_, columns[column].type, batch.value(write.row, column));
  }
  copy_.instant(batch.created_at(write.row));
  copy_.instant(batch.updated_at(write.row));
  copy_.json(batch.raw(write.row));
  copy_.hash(batch.hash(write.row));
  write.event_id.empty() ? copy_.null() : copy_.text(write.event_id);
  copy_.instant(write.observed_at);
  if (write.tombstone) {
    copy_.instant(write.tombstone->at);
    copy_.text(to_string(write.tombstone->by));
  } else {
    copy_.null();
    copy_.null();
  }
}

std::string_view to_string(DeletedBy by) noexcept {
  switch (by) {
    case DeletedBy::event:
      return "event";
    case DeletedBy::sweep:
      return "sweep";
    case DeletedBy::cascade:
      return "cascade";
  }
  return "sweep";
}

}  // namespace mirror::db
