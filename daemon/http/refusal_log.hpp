#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "support/clock.hpp"

namespace mirror::http {

/// Decides which refusals get a line in the log: whoever floods the daemon must not flood its log too. Thread-safe.
class RefusalLog {
 public:
  /// `clock` must outlive it.
  explicit RefusalLog(const Clock& clock) : clock_(clock) {}

  /// Counts a refusal. Returns how many there were for this reason since its last line, this one included, if a minute
  /// has passed since then; else nothing, and no line is due.
  std::optional<std::uint64_t> count(const std::string& reason);

 private:
  struct Reason {
    std::uint64_t unsaid = 0;
    std::optional<Clock::TimePoint> said_at;
  };

  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Reason> reasons_;
};

}  // namespace mirror::http
