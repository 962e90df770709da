#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace mirror::app {

/// An object of the API for people: a line per value, named by its way ("user.id"). What could move a terminal's cursor
/// is escaped.
std::string answer_text(const nlohmann::ordered_json& object);

}  // namespace mirror::app
