#pragma once

#include <string_view>

#include "model/table_spec.hpp"

namespace mirror {

/// Which columns of a mirrored table name persons by their id. A plain value with static lifetime.
struct PersonalColumns {
  std::string_view owner = {};    ///< the row is about this person, and goes with them; empty: about no one
  std::string_view mention = {};  ///< the row is about somebody else: only this value goes; empty: none
  std::string_view address = {};  ///< the person's email address, in rows that have no owner yet; empty: none
};

/// Those of `table`. A user is the person itself.
PersonalColumns personal_columns(const TableSpec& table) noexcept;

/// The table whose rows are persons.
bool is_persons(const TableSpec& table) noexcept;

}  // namespace mirror
