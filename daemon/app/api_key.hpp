#pragma once

#include <optional>
#include <string>

#include "app/config.hpp"
#include "support/error.hpp"

namespace mirror::app {

/// The ways by which an API key may come, as a next step for a person: of one of several environments its own.
std::string where_api_key_goes(const Config& config);

/// What is wrong, as Error (misconfigured), if there is no API key. require_api_key throws it.
std::optional<Error> lack_of_api_key(const Config& config);

}  // namespace mirror::app
