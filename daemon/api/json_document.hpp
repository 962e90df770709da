#pragma once

#include <simdjson.h>

#include <memory>
#include <string>
#include <string_view>

namespace mirror::api {

/// A parsed JSON text together with its minified original: the tree says what is there, the text is what we keep.
/// Members and elements stand in the same order in both. Reuses its memory from one text to the next. Not thread-safe.
/// Only the decoders' sources include this header.
class JsonDocument {
 public:
  class Return {
   public:
    void operator()(JsonDocument* document) const;
  };
  using Borrowed = std::unique_ptr<JsonDocument, Return>;

  /// One of a few documents that all threads share, about as many as there are cores: a document holds some hundred
  /// kilobytes, and threads that wait for answers need none. Waits for one; a thread that has one must not ask for
  /// another. Thread-safe.
  static Borrowed borrow();

  /// Parses and validates the whole of `body`, then gives its root. Throws InvalidBody.
  simdjson::dom::element parse(std::string_view body);
  /// The minified text of the last parse.
  [[nodiscard]] std::string_view text() const { return {minified_.get(), minified_size_}; }

 private:
  simdjson::dom::element parse_tree(std::string_view body);
  void minify(std::string_view body);

  std::unique_ptr<simdjson::dom::parser> parser_;
  std::unique_ptr<char[]> minified_;
  std::size_t minified_capacity_ = 0;
  std::size_t minified_size_ = 0;
};

}  // namespace mirror::api
