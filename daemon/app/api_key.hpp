#pragma once

#include <string>

#include "app/config.hpp"

namespace mirror::app {

/// The ways by which an API key may come, as a next step for a person: of one of several environments its own.
std::string where_api_key_goes(const Config& config);

}  // namespace mirror::app
