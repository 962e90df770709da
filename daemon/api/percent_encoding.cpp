#include "api/percent_encoding.hpp"

namespace mirror::api {

std::string percent_encoded(std::string_view text, std::string_view plain) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view unreserved_marks = "-_~.";
  std::string encoded;
  for (const char c : text) {
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (alphanumeric || unreserved_marks.find(c) != std::string_view::npos || plain.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += {'%', digits[byte >> 4], digits[byte & 0xF]};
    }
  }
  return encoded;
}

}  // namespace mirror::api
