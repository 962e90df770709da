#pragma once

#include <optional>
#include <string>

#include "db/transaction.hpp"
#include "support/instant.hpp"

namespace mirror::db {

/// What somebody waits to see in the mirror: the effects of an event, or a version of an object.
struct Awaited {
  std::string event{};  ///< its id; or empty, and then
  std::string table{};  ///< "users",
  std::string id{};
  std::optional<Instant> updated_after{};  ///< a version at least as new; empty: any
  bool deletion = false;                   ///< nothing but its deletion counts
};

/// What the mirror shows of it. A deleted object is an answer too: no newer version will come.
enum class Sighting { none, seen, deleted };

/// Looks once; a fresh transaction sees what was committed before. The role needs the rights of the reader. Throws
/// Error.
Sighting look_for(Transaction& transaction, const std::string& environment, const Awaited& awaited);

}  // namespace mirror::db
