#pragma once

#include <string>
#include <string_view>

namespace mirror::api {

/// Encodes everything but RFC 3986's unreserved characters and those in `plain`, so that an id can't become another
/// path or parameter. Thread-safe.
std::string percent_encoded(std::string_view text, std::string_view plain = {});

}  // namespace mirror::api
