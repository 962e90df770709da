#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/content_hash.hpp"

namespace mirror::api {

/// A member of a JSON object as it counts for the content: the key unescaped, the value as canonical JSON.
struct ContentMember {
  std::string_view key;
  std::string_view value;
  bool observed = false;  ///< changes without a new version of the object
};

/// SHA-256 over an object's members in the order of their keys, each length-prefixed: cut to 128 bits over those that
/// are versioned, to 64 over those that are only observed. Keeps its buffers from one object to the next. Not
/// thread-safe: one per thread.
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
  using Bytes = std::array<unsigned char, 64>;

  /// Over the members of that kind; false if there are none.
  bool digest(const std::vector<ContentMember>& members, bool observed, Bytes& bytes);

  std::unique_ptr<Digest> digest_;
  std::string buffer_;
};

}  // namespace mirror::api
