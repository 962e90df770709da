#pragma once

#include <optional>
#include <string_view>

#include "model/row_batch.hpp"
#include "model/table_spec.hpp"

namespace mirror::api {

/// Rule R2: an event does not carry every field of an object. Adds to `partial`, the object as the event told it, those
/// members of `known`, the object as the mirror holds it, that events never carry or that nothing is known about.
/// Empty if none is missing. Both are JSON objects that were rows of `table`; throws InvalidBody for others.
/// Thread-safe.
std::optional<RowBatch> completed(const TableSpec& table, std::string_view partial, std::string_view known);

}  // namespace mirror::api
