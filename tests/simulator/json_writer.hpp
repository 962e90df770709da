#pragma once

#include <string>
#include <string_view>

#include "support/instant.hpp"
#include "tests/simulator/ids.hpp"

namespace mirror::simulator {

/// Writes one flat JSON object as text, fast enough to make a million of them at start. Text must be UTF-8 without
/// control characters.
class JsonWriter {
 public:
  JsonWriter() { out_.reserve(768); }

  JsonWriter& text(std::string_view key, std::string_view value) {
    start(key);
    append_text(value);
    return *this;
  }
  JsonWriter& time(std::string_view key, Instant value) {
    start(key);
    out_ += '"';
    append_timestamp(out_, value);
    out_ += '"';
    return *this;
  }
  /// `value` is JSON already.
  JsonWriter& raw(std::string_view key, std::string_view value) {
    start(key);
    out_ += value;
    return *this;
  }
  JsonWriter& null(std::string_view key) { return raw(key, "null"); }
  JsonWriter& boolean(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }

  /// The object; no member can follow.
  std::string finish() {
    out_ += '}';
    return {out_.data(), out_.size()};  // a copy of the right size: shrinking tears the heap to pieces
  }

 private:
  void start(std::string_view key) {
    out_ += out_.empty() ? '{' : ',';
    append_text(key);
    out_ += ':';
  }
  void append_text(std::string_view value) {
    out_ += '"';
    for (const char c : value) {
      if (c == '"' || c == '\\') out_ += '\\';
      out_ += c;
    }
    out_ += '"';
  }

  std::string out_;
};

}  // namespace mirror::simulator
