#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "support/clock.hpp"

namespace mirror {

/// Decides which lines of a kind are said: so many in each window, so that what happens all the time floods no log.
/// Thread-safe.
class LineBudget {
 public:
  LineBudget(std::size_t lines, std::chrono::seconds window) : lines_(lines), window_(window) {}

  /// A line of this kind is due at `now`. Returns how many of its kind were kept back since the last that was said, or
  /// nothing if this one is to be kept back as well.
  std::optional<std::uint64_t> spend(std::string_view kind, Clock::TimePoint now);

 private:
  struct Kind {
    Clock::TimePoint began_at;  ///< of the window
    std::size_t said = 0;       ///< in the window
    std::uint64_t kept_back = 0;
  };

  const std::size_t lines_;
  const std::chrono::seconds window_;
  std::mutex mutex_;
  std::map<std::string, Kind, std::less<>> kinds_;
};

}  // namespace mirror
