#pragma once

#include <string>

#include "db/connection.hpp"

namespace mirror::db {

/// What `authkit-mirror check` wants to know about a database. A plain value.
struct DatabaseFacts {
  std::string server_version;  ///< "15.14"
  std::string database;
  std::string user;
  bool is_local = false;      ///< unix socket or loopback
  bool is_encrypted = false;  ///< TLS
  bool schema_exists = false;
  bool may_create = false;    ///< the schema if it does not exist, else tables in it
  bool is_read_only = false;  ///< a hot standby, or default_transaction_read_only
};

/// Throws Error.
DatabaseFacts read_database_facts(Connection& connection);

}  // namespace mirror::db
