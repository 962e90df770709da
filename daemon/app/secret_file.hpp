#pragma once

#include <filesystem>
#include <vector>

#include "support/secret.hpp"

namespace mirror::app {

/// A file that gets secrets which exist only once: it is made ready before they are asked for, so that none is lost to
/// a wrong path, and replaces what was there in one step. Not thread-safe.
class SecretFile {
 public:
  /// Throws Error (misconfigured) if no file can be written there.
  explicit SecretFile(std::filesystem::path path);
  /// Without a commit nothing is left behind.
  ~SecretFile();
  SecretFile(const SecretFile&) = delete;
  SecretFile& operator=(const SecretFile&) = delete;

  /// One per line, readable by this user only. Throws Error (misconfigured).
  void commit(const std::vector<Secret>& secrets);

 private:
  [[noreturn]] void fail() const;

  std::filesystem::path path_;
  std::filesystem::path draft_;
  int descriptor_;  ///< -1 once it is in its place
};

}  // namespace mirror::app
