#pragma once

#include <string>
#include <vector>

#include "db/connection.hpp"
#include "embedded_migrations.hpp"

namespace mirror::db {

/// One line of `authkit-mirror migrate --status`.
struct MigrationState {
  int number = 0;
  std::string name;
  std::string state;  ///< "applied", "pending", "changed" (checksum differs) or "unknown" (of a newer version)
};

/// Brings the schema to the version that this binary was built for: numbered migrations, each with a checksum, all
/// pending ones in one transaction under an advisory lock that the transaction holds (so it works behind a pooler).
/// Takes the lease of every environment, so that a daemon of an older version stops writing. Not thread-safe.
class Migrator {
 public:
  explicit Migrator(Connection& connection, const std::vector<EmbeddedMigration>& migrations = embedded_migrations());

  /// Applies what is pending and grants read access to the reader role (a warning with the SQL to run if it may not).
  /// Returns the names applied. Throws Error (misconfigured) if the database holds a migration that this binary does
  /// not know or that differs from its own; then nothing was changed.
  std::vector<std::string> migrate();

  [[nodiscard]] std::vector<MigrationState> status();
  /// Throws Error (misconfigured) unless every migration is applied and known: the check of a daemon that may not
  /// migrate.
  void require_current();
  /// Everything pending as one SQL script for an administrator to run by hand, checksums included.
  [[nodiscard]] std::string pending_sql();

 private:
  Connection& connection_;
  const std::vector<EmbeddedMigration>& migrations_;
};

}  // namespace mirror::db
