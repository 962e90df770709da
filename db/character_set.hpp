#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace mirror::db {

/// A few characters to look for. std::string_view::find_first_of calls memchr for every single character of the text,
/// which was a fifth of the daemon's time in a first load.
class CharacterSet {
 public:
  constexpr explicit CharacterSet(std::string_view characters) {
    for (const char c : characters) contains_[static_cast<unsigned char>(c)] = true;
  }

  /// The position of the first of them in `text`, or npos.
  [[nodiscard]] constexpr std::size_t find_in(std::string_view text) const {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (contains_[static_cast<unsigned char>(text[i])]) return i;
    }
    return std::string_view::npos;
  }

 private:
  std::array<bool, 256> contains_{};
};

}  // namespace mirror::db
