#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "api/operation.hpp"

namespace mirror::api {

/// Values of an operation's parameters by name: a JSON object.
using OperationValues = nlohmann::ordered_json;

/// The operation's parameter of that name. Throws Error (usage) that names the nearest one.
const Parameter& find_parameter(const Operation& operation, std::string_view name);

/// What `text`, as a person types it, means as a value of `parameter`: a list is written with commas, an object as
/// JSON. Throws Error (usage) that says what is expected, and never what was given for a secret.
OperationValues value_from_text(const Parameter& parameter, const std::string& text);

/// Throws Error (usage) with everything that is wrong: unknown, missing, of a wrong type, not allowed together.
void check_values(const Operation& operation, const OperationValues& values);

/// "a whole number from 1 to 100": what a person may give.
std::string expected_value(const Parameter& parameter);

}  // namespace mirror::api
