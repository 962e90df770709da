#include "app/duration_text.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>

namespace mirror::app {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};

/// Largest first, which is the order to_text tries them in.
constexpr std::array units{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1000},
                           Unit{"ms", 1}};

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept {
  std::int64_t count = 0;
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || count < 0) return std::nullopt;
  const std::string_view name = text.substr(static_cast<std::size_t>(stopped - text.data()));
  for (const Unit& unit : units) {
    if (name != unit.name) continue;
    if (count > std::numeric_limits<std::int64_t>::max() / unit.milliseconds) return std::nullopt;
    return std::chrono::milliseconds{count * unit.milliseconds};
  }
  return std::nullopt;
}

std::string to_text(std::chrono::milliseconds duration) {
  const std::int64_t count = duration.count();
  if (count == 0) return "0s";
  for (const Unit& unit : units) {
    if (count % unit.milliseconds == 0) return std::to_string(count / unit.milliseconds) + std::string{unit.name};
  }
  return std::to_string(count) + "ms";
}

}  // namespace mirror::app
