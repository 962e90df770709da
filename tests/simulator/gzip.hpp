#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mirror::simulator {

std::string gzip(std::string_view text);

/// A gzip body of `start` followed by `inflated_size` spaces; kept, since making it takes a second. Not thread-safe.
const std::string& gzip_bomb(std::string_view start, std::size_t inflated_size);

}  // namespace mirror::simulator
