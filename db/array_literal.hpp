#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mirror::db {

/// Builds the text form of a PostgreSQL text[], to pass a whole column of a batch as one parameter. Every element is
/// quoted, so any text may stand in it. Not thread-safe.
class ArrayLiteral {
 public:
  void add(std::string_view value);
  void add_null();
  void add_optional(const std::optional<std::string_view>& value) { value ? add(*value) : add_null(); }

  /// `{"a","b",NULL}`
  [[nodiscard]] std::string str() const& { return text_ + '}'; }
  [[nodiscard]] std::string str() && { return std::move(text_ += '}'); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  void separate();

  std::string text_ = "{";
  std::size_t size_ = 0;
};

/// The literal of all elements of `values`, which may be any range of strings.
template <typename Range>
std::string array_literal(const Range& values) {
  ArrayLiteral literal;
  for (const auto& value : values) literal.add(std::string_view(value));
  return std::move(literal).str();
}

/// The elements of a literal that has one dimension and no NULL, each element quoted.
std::vector<std::string> array_elements(std::string_view literal);

}  // namespace mirror::db
