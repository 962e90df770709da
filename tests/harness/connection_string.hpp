#pragma once

#include <map>
#include <string>

namespace mirror::harness {

/// The settings in a libpq connection string or URI. Throws std::runtime_error if it is none.
std::map<std::string, std::string> parse_connection_string(const std::string& url);

/// The same as text, each value quoted.
std::string to_connection_string(const std::map<std::string, std::string>& settings);

}  // namespace mirror::harness
