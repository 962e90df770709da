#include "db/array_literal.hpp"

#include "db/character_set.hpp"

namespace mirror::db {
namespace {

constexpr CharacterSet specials("\\\"");

}  // namespace

void ArrayLiteral::add(std::string_view value) {
  separate();
  text_ += '"';
  while (true) {
    const auto special = specials.find_in(value);
    text_.append(value.substr(0, special));
    if (special == std::string_view::npos) break;
    text_ += '\\';
    text_ += value[special];
    value.remove_prefix(special + 1);
  }
  text_ += '"';
}

void ArrayLiteral::add_null() {
  separate();
  text_ += "NULL";
}

std::vector<std::string> array_elements(std::string_view literal) {
  std::vector<std::string> elements;
  bool is_inside = false;
  for (std::size_t i = 0; i < literal.size(); ++i) {
    if (literal[i] == '"') {
      if (!is_inside) elements.emplace_back();
      is_inside = !is_inside;
    } else if (is_inside) {
      if (literal[i] == '\\' && i + 1 < literal.size()) ++i;
      elements.back() += literal[i];
    }
  }
  return elements;
}

void ArrayLiteral::separate() {
  if (size_++ > 0) text_ += ',';
}

}  // namespace mirror::db
