#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "model/table_spec.hpp"

namespace mirror::api {

/// `value` in PostgreSQL's text form for a column of `type`; empty for NULL. `text` is the value's minified JSON. A
/// value that does not fit its column is NULL: the object's original keeps it. The view holds until the document or
/// `scratch` changes.
std::optional<std::string_view> column_value(ColumnType type, simdjson::dom::element value, std::string_view text,
                                             std::string& scratch);

}  // namespace mirror::api
