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

/// True for codes that say what a sign-in needs next, although their status is that of a refused key (403).
bool is_next_sign_in_step(std::string_view code) noexcept;

}  // namespace mirror::api
