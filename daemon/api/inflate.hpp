#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mirror::api {

/// Inflates a gzip body. Throws Error (unavailable) if it is damaged, cut, or would become larger than `max_size`
/// bytes: a few kilobytes can hold gigabytes. Thread-safe.
std::string inflate_gzip(std::string_view body, std::size_t max_size);

}  // namespace mirror::api
