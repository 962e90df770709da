#pragma once

#include <string_view>

#include "api/directory_api.hpp"
#include "model/table_spec.hpp"

namespace mirror::api {

/// Decodes the body of a list, whose text has been repaired (text_repair.hpp). Items that can't be decoded become
/// poison and still count as listed. Leaves `answered_at`, `request_id` and `replaced_characters` to the caller.
/// Throws InvalidBody if `body` is not valid JSON as a whole, ApiError (unavailable) if it is no list. Thread-safe.
ListPage decode_list_page(std::string_view body, const StreamSpec& stream);

/// Decodes one object of `table` with the lists embedded in it. Leaves `answered_at` to the caller. Throws InvalidBody
/// if `body` is not valid JSON, Error (bad_data) if the object can't be decoded. Thread-safe.
SingleObject decode_object(std::string_view body, const TableSpec& table);

}  // namespace mirror::api
