#pragma once

#include <string>
#include <string_view>

namespace mirror {

/// `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD. Here so that
/// only one file of this folder compiles a JSON library.
std::string json_string(std::string_view text);

}  // namespace mirror
