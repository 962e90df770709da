#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

namespace mirror::api {

/// True if minified `json` may be written in another way and mean the same to PostgreSQL's jsonb: then its canonical
/// form has to be made. Most values are plain strings and need none.
bool has_other_spellings(std::string_view json);

/// Appends the one spelling that stands for `value`: members in the order of their keys (the last of equal ones, as
/// jsonb keeps it), strings without needless escapes, numbers without exponents where that is exact. `json` is the
/// minified text of `value`. For comparing only.
void append_canonical(simdjson::dom::element value, std::string_view json, std::string& out);

}  // namespace mirror::api
