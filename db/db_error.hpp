#pragma once

#include <string>
#include <string_view>

#include "support/error.hpp"

namespace mirror::db {

/// The Error for what the server (or libpq) reported: `sqlstate` decides about the fault, and is empty if the server
/// said nothing, which means that the connection is lost. `message` may be PostgreSQL's whole text; only its first
/// line is kept, and of a data error (class 22) nothing that could be a value, because values are people's names.
Error database_error(std::string_view sqlstate, std::string_view message);

/// The first SQLSTATE in libpq's verbose text ("ERROR:  42P01: relation ..."), or empty.
std::string_view sqlstate_in(std::string_view verbose);

/// The same for a connection that could not be opened; libpq's message says where to, and never holds a password.
Error connect_error(std::string_view sqlstate, std::string_view message);

/// Rethrows the exception being handled as an Error; one that is an Error already passes unchanged. To be called
/// inside a catch block. The only place that knows the exceptions of libpqxx.
[[noreturn]] void rethrow_as_error();

}  // namespace mirror::db
