#include "db/copy_text.hpp"

#include "db/character_set.hpp"

namespace mirror::db {
namespace {

constexpr CharacterSet specials("\\\t\n\r");

}  // namespace

void CopyText::field(std::string_view value) {
  separate();
  while (true) {
    const auto special = specials.find_in(value);
    text_.append(value.substr(0, special));
    if (special == std::string_view::npos) return;
    text_ += '\\';
    switch (value[special]) {
      case '\t':
        text_ += 't';
        break;
      case '\n':
        text_ += 'n';
        break;
      case '\r':
        text_ += 'r';
        break;
      default:
        text_ += '\\';
    }
    value.remove_prefix(special + 1);
  }
}

void CopyText::null() {
  separate();
  text_ += "\\N";
}

void CopyText::end_line() {
  text_ += '\n';
  at_line_start_ = true;
}

void CopyText::separate() {
  if (!at_line_start_) text_ += '\t';
  at_line_start_ = false;
}

}  // namespace mirror::db
