#pragma once

#include <stop_token>
#include <string>

namespace mirror::app {

/// Standard output for a command that goes on for long: a reader that takes nothing does not keep it from being
/// stopped, and one that has gone is noticed. SIGPIPE has to be ignored. Not thread-safe.
class LineOutput {
 public:
  enum class Fate { written, reader_gone, stopped };

  /// Hands all of `text` to the kernel. Throws Error (unavailable) if that fails otherwise, for example on a full disk.
  Fate write(const std::string& text, const std::stop_token& stop);
  /// Whether nobody can read what would be written.
  [[nodiscard]] bool reader_is_gone() const;
};

/// Hands to the kernel what std::cout holds. False if nobody can read it any more. Throws Error (unavailable) if it
/// can't be written otherwise, also if that was noticed earlier. For one thread.
bool flush_output();

}  // namespace mirror::app
