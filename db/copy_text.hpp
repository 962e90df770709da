#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mirror::db {

/// Lines in the text format of COPY (https://www.postgresql.org/docs/13/sql-copy.html, "Text Format"), built in one
/// buffer. Not thread-safe.
class CopyText {
 public:
  void field(std::string_view value);
  void null();
  void optional_field(const std::optional<std::string_view>& value) { value ? field(*value) : null(); }
  void end_line();

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }

 private:
  void separate();

  std::string text_;
  bool at_line_start_ = true;
};

}  // namespace mirror::db
