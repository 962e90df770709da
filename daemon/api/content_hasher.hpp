#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/content_hash.hpp"

namespace mirror::api {

/// A member of a JSON object as it counts for the content: the key unescaped, the value as minified JSON.
struct ContentMember {
  std::string_view key;
  std::string_view value;
};

/// SHA-256, cut to 128 bits, over an object's members in the order of their keys, each length-prefixed. Keeps its
/// buffers from one object to the next. Not thread-safe: one per thread.
class ContentHasher {
 public:
  ContentHasher();
  ~ContentHasher();
  ContentHasher(const ContentHasher&) = delete;
  ContentHasher& operator=(const ContentHasher&) = delete;

  /// Sorts `members`. Throws Error (bug) if the cryptographic library fails.
  ContentHash hash(std::vector<ContentMember>& members);

 private:
  struct Digest;
  std::unique_ptr<Digest> digest_;
  std::string buffer_;
};

}  // namespace mirror::api
