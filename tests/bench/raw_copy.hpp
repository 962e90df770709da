#pragma once

#include <filesystem>
#include <string>

namespace mirror::bench {

/// The yardstick: empties `table` and copies its rows back in, with the same indexes, by one connection, one COPY and
/// one transaction. Returns the seconds from the COPY's first byte to the end of its commit. `scratch` is a directory
/// for the rows in between. Throws std::runtime_error with PostgreSQL's message.
double seconds_of_raw_copy(const std::string& url, const std::string& table, const std::filesystem::path& scratch);

}  // namespace mirror::bench
