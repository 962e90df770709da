#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Cuts minified JSON that a parser has already found valid into its parts, so that an object's original text is at
/// hand beside its parsed form. Nothing here recurses, however deep the text is nested.
namespace mirror::api {

struct Slice {
  std::string_view text;
  int depth = 0;  ///< of nested arrays and objects: 0 for a scalar, 1 for `{}`
};

/// The value that starts at `text[at]`.
Slice slice_value(std::string_view text, std::size_t at);

/// Walks over the members of an object.
class MemberSlices {
 public:
  explicit MemberSlices(std::string_view object) : text_(object) {}
  /// False at the end. `key` keeps its quotes and escapes.
  bool next(std::string_view& key, Slice& value);
  /// The same in two steps, of which the second may be left out if no other member is wanted.
  bool next_key(std::string_view& key);
  Slice value();
  /// The text from the value on whose key was given last, to the end.
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }

 private:
  std::string_view text_;
  std::size_t at_ = 1;
};

/// Walks over the elements of an array.
class ElementSlices {
 public:
  explicit ElementSlices(std::string_view array) : text_(array) {}
  bool next(Slice& element);

 private:
  std::string_view text_;
  std::size_t at_ = 1;
};

/// `json` with each number written as 0 and spaces of the same length, for a parser that refuses numbers that do not
/// fit its types (simdjson: integers beyond 64 bits, 1e400), although JSON and PostgreSQL know no such limit.
std::string blank_numbers(std::string_view json);

}  // namespace mirror::api
