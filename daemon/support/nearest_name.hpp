#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mirror {

/// The name that a person who typed `wrong` most likely meant: fewest edits (insert, remove, replace, swap of
/// neighbours), at most a third of its length and never more than three. Empty if none is near.
std::optional<std::string> nearest_name(std::string_view wrong, const std::vector<std::string>& names);

}  // namespace mirror
