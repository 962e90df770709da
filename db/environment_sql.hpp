#pragma once

namespace mirror::db {

/// The environment, parameter $1 of a statement, in a form of which the planner can't look up how many rows it has. Of
/// one that came after the last statistics it would expect next to none in `_env = $1`, and take any index that begins
/// with _env: one lookup would read all rows of the environment. So it expects as many as an average one has.
inline constexpr const char* this_environment = "(SELECT $1::text)";

}  // namespace mirror::db
