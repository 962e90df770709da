#pragma once

#include <string>

namespace mirror::db {

/// Throws Error (misconfigured) unless libpq understands `url` as a connection URI or string
/// (https://www.postgresql.org/docs/13/libpq-connect.html, "Connection Strings"). The message repeats none of it.
void require_connection_string(const std::string& url);

/// What `url` says, as a connection string, with passwords hidden; of one that libpq does not understand, that it is
/// hidden.
std::string without_password(const std::string& url);

}  // namespace mirror::db
