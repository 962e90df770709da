#pragma once

#include <cstddef>
#include <cstdint>

namespace mirror::http {

/// Looks at the bytes of a request's head before Poco does, which takes a byte of 0xFF for the end of input and other
/// line ends for the end of the head, and would go on with what it had understood so far. Finds where the head ends,
/// counts its headers, and says whether it holds what no sound head does
/// (https://www.rfc-editor.org/rfc/rfc9112#section-2.2): bytes outside of printable ASCII in the request line, control
/// bytes or 0xFF in a header, a lone CR, a folded line. A plain value.
class HeadScan {
 public:
  /// Takes what has arrived; bytes that are malformed are replaced by question marks. Returns how many belong to the
  /// head: all, or fewer if it ends among them; none once it is complete.
  std::size_t take(char* bytes, std::size_t count);

  [[nodiscard]] bool is_complete() const { return place_ == Place::end; }
  [[nodiscard]] bool is_malformed() const { return malformed_; }
  [[nodiscard]] std::size_t headers() const { return headers_; }

 private:
  enum class Place : std::uint8_t { before, request_line, line_start, header, end };

  void look_at(char& byte);
  void end_line();
  void begin_line(char& byte);
  void refuse(char& byte);

  Place place_ = Place::before;
  bool after_return_ = false;
  bool malformed_ = false;
  std::size_t headers_ = 0;
};

}  // namespace mirror::http
