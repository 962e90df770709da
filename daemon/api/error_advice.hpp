#pragma once

#include <string_view>

#include "support/error.hpp"

namespace mirror::api {

/// What an error code of the API means and what helps. A plain value with static lifetime.
struct ErrorAdvice {
  std::string_view code;
  std::string_view cause;
  std::string_view fix;
};

/// Null for a code that nobody described. Codes that WorkOS once documented and those of today are both known.
const ErrorAdvice* find_advice(std::string_view code) noexcept;

/// True for codes that speak of the API key and what it may do, with a status of 401 or 403. Others with that status
/// speak of whoever signs in, or of what the request asks for.
bool is_about_key(std::string_view code) noexcept;

}  // namespace mirror::api
