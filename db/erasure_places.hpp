#pragma once

#include <span>
#include <string_view>

namespace mirror::db {

/// What an erasure does with a column.
enum class Removal {
  by_name,   ///< code of its own (db/erasure.cpp): rows of persons, events, the feed, commands
  rows,      ///< rows in which it is an erased id are deleted
  value,     ///< it becomes NULL where it is an erased id
  text,      ///< erased ids within its text become "erased"
  passing,   ///< names an id for a time only, and is kept for as long as it is needed
  harmless,  ///< never holds anything of a person
};

/// A column of the schema that could hold text, and what an erasure does with it. The inventory of all: a test fails
/// for a column that is not in it.
struct ErasurePlace {
  std::string_view table;
  std::string_view column;
  Removal removal;
  std::string_view parent = {};      ///< for a table without _env: the table that has it,
  std::string_view parent_key = {};  ///< and the column that names its row
};

/// Of tables of later migrations too: those that the schema lacks are passed over.
std::span<const ErasurePlace> erasure_places() noexcept;

}  // namespace mirror::db
