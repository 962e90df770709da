#pragma once

#include <chrono>
#include <string>

#include "support/secret.hpp"

namespace mirror::db {

/// Whether statements may be prepared by name. `automatic` means no behind a transaction pooler.
enum class PreparedStatements { automatic, on, off };

/// How to reach the mirror's database; filled from the section [database] of the configuration.
struct DatabaseOptions {
  std::string url = "postgresql:///authkit_mirror";  ///< libpq connection string or URI
  Secret password;                                   ///< empty: as in the URL, a pgpass file, or peer authentication
  std::string schema = "workos";
  std::string reader_role = "workos_reader";  ///< empty: no role
  bool migrate = true;
  PreparedStatements prepared = PreparedStatements::automatic;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds statement_timeout{60'000};
};

}  // namespace mirror::db
