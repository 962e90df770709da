#pragma once

#include <span>
#include <string>
#include <string_view>

namespace mirror::api {

/// True if minified `json` may hold a member with one of `keys` at some depth; never wrongly false.
bool may_hold_member(std::string_view json, std::span<const std::string_view> keys);

/// Minified valid `json` without the members that have one of `keys`, at any depth and however the key is escaped.
/// Removes what must never be stored: tokens and the like. Does not recurse. Thread-safe.
std::string without_members(std::string_view json, std::span<const std::string_view> keys);

}  // namespace mirror::api
