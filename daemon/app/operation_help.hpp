#pragma once

#include <string>

#include "api/operation.hpp"

namespace mirror::app {

/// Every operation with its request and what it does, for people.
std::string catalogue_text();

/// The same with all parameters, as JSON.
std::string catalogue_json();

/// What one operation takes, and an example.
std::string operation_help(const api::Operation& operation);

}  // namespace mirror::app
