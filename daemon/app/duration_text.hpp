#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace mirror::app {

/// Reads a duration as the configuration writes it: a whole number and one unit of ms, s, m, h, d ("500ms", "30s",
/// "90d"). Empty for anything else: no unit, a sign, a fraction, a space, more than the type can hold.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept;

/// In the largest unit that leaves a whole number: 3600000 ms is "1h".
std::string to_text(std::chrono::milliseconds duration);

}  // namespace mirror::app
