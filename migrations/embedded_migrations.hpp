#pragma once

#include <string_view>
#include <vector>

namespace mirror::db {

/// One migration as compiled into the binary; `sql` still holds the placeholder @schema@.
struct EmbeddedMigration {
  int number;
  std::string_view name;
  std::string_view sql;
};

/// All migrations in ascending order of their number.
const std::vector<EmbeddedMigration>& embedded_migrations();

}  // namespace mirror::db
